"""A search for actions: the localizer, the classes and the features, put together for all videos."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zsar.api.devices import device_names
from zsar.api.extraction.embedding_extraction import EmbeddingExtraction
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.api.localization.localizers import LocalizationModel, ReadyLocalizer, ready_localizer
from zsar.api.localization.method_settings import Method, MethodSettings
from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.number_limits import check_least
from zsar.runtime.processes.cpu_count import cpu_count


@dataclass(frozen=True, eq=False, kw_only=True)
class Search:
    """What is searched for, and how; the same for all videos.

    Attributes:
        ready: The localizer, on its device.
        text: The classes.
        features: How features are made.
        captions: Folder of caption files; None for none.
        seed: Random seed.
    """

    ready: ReadyLocalizer
    text: ClassText
    features: FeatureExtraction
    captions: Path | None = None
    seed: int = 0


def check_enough_classes(names: Sequence[str], ready: ReadyLocalizer) -> None:
    """Checks that a method has classes to choose from.

    Raises:
        ValueError: There are too few.
    """
    least = ready.localizer.least_classes
    if len(names) < least:
        why = ", as the method assigns each frame to one of them" if least > 1 else ""
        raise ValueError(
            f"there must be at least {least} class name{'s' if least > 1 else ''}{why}; got {list(names)}: give each "
            "class that may occur"
        )


def check_prompts(text: ClassText, ready: ReadyLocalizer) -> None:
    """Checks that the text tower reads all prompts, before videos are decoded.

    Raises:
        ValueError: A prompt has too many tokens.
    """
    with warnings.catch_warnings():  # on truncated texts; these are reported when they are embedded
        warnings.simplefilter("ignore")
        ready.localizer.backbone.text.tokenize([prompt for prompts in text.prompts for prompt in prompts])


def to_device(ready: ReadyLocalizer, device: str) -> None:
    """Moves a localizer to a device.

    Args:
        ready: The localizer.
        device: As for `zsar.load`.
    """
    localizer = ready.localizer
    assert localizer.backbone.weights_hash  # computed and cached before the weights move to the device
    moved = localizer if isinstance(localizer, ActionLocalizer) else ready.recognizer
    assert moved is not None
    moved.to(device_names(device, 1)[0])


def feature_extraction(
    ready: ReadyLocalizer,
    *,
    stride: FrameStride,
    geometry: Geometry,
    batch_size: int,
    n_workers: int | None,
    on_damage: OnDamage,
) -> FeatureExtraction:
    """How the features of a localizer are made.

    Args:
        ready: The localizer.
        stride: Which frames.
        geometry: How they become square.
        batch_size: Frames per forward pass.
        n_workers: Processes that decode; None for one less than the number of processors.
        on_damage: How damaged frames are handled.

    Raises:
        ValueError: A number is out of range.
    """
    check_least(1, batch_size=batch_size)
    check_least(0, n_workers=n_workers)
    common = {
        "architecture": ready.architecture,
        "weights": ready.weights,
        "stride": stride,
        "geometry": geometry,
        "batch_size": batch_size,
        "n_workers": max(1, cpu_count() - 1) if n_workers is None else n_workers,
        "on_damage": on_damage,
        "dtype": "fp16",
    }
    if ready.recognizer is not None:
        return EmbeddingExtraction(model=ready.recognizer, **common)  # type: ignore[arg-type] # as the fields
    return FeatureExtraction(**common)  # type: ignore[arg-type]


def ready_search(
    model: LocalizationModel | ClipSettings,
    method: Method | None,
    settings: MethodSettings,
    text: ClassText,
    *,
    weights: str | None = None,
    tokenizer: str | None = None,
    device: str,
    stride: FrameStride,
    geometry: Geometry,
    batch_size: int,
    n_workers: int | None,
    on_damage: OnDamage,
) -> Search:
    """Loads the localizer, and checks that it fits the classes, before videos are decoded.

    Args:
        model: As of `ready_localizer`, as the two that follow.
        method: The method.
        settings: Its settings.
        text: The classes.
        weights: CLIP's weights of a checkpoint, if they have moved since training.
        tokenizer: Folder with the files of a checkpoint's tokenizer, if it has moved since training.
        device: Device of a model that is loaded here; a loaded one stays where it is.
        stride: As of `feature_extraction`, as all that follow.
        geometry: How frames become square.
        batch_size: Frames per forward pass.
        n_workers: Processes that decode.
        on_damage: How damaged frames are handled.

    Raises:
        ValueError: The method cannot use the model, a setting has no effect, there are too few classes, a prompt is too
            long, or a number is out of range.
        BackboneError: The model cannot be built, or cannot write captions.
        CheckpointError: A checkpoint cannot be read.
    """
    ready = ready_localizer(model, method, settings, weights=weights, tokenizer=tokenizer)
    check_enough_classes(text.names, ready)
    check_prompts(text, ready)
    if not isinstance(model, ActionLocalizer | ActionRecognizer):
        to_device(ready, device)
    features = feature_extraction(
        ready,
        stride=stride,
        geometry=geometry,
        batch_size=batch_size,
        n_workers=n_workers,
        on_damage=on_damage,
    )
    return Search(ready=ready, text=text, features=features, captions=settings.captions, seed=settings.seed or 0)


@contextmanager
def feature_folder(features: Path | None) -> Iterator[Path]:
    """The folder of feature files: the given one, or a temporary one.

    Args:
        features: The given one, which is checked and made when it is needed; None for a temporary one.

    Raises:
        ValueError: It cannot be written.
    """
    if features is not None:
        check_output_folder(features, option="--features")
        yield features
    else:
        with tempfile.TemporaryDirectory(prefix="zsar_localize_") as folder:
            yield Path(folder)
