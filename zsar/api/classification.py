"""`zsar.classify`: names the action in videos, among classes that the caller gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, overload

import torch
from torch import Tensor
from typing_extensions import Unpack

from zsar.api.given_classes import Classes, class_text_of
from zsar.api.given_videos import Video, ViewSettings, listed_videos, view_batches, view_settings
from zsar.api.loading import Precision, inference_precision, recognizer_of
from zsar.api.shown_progress import Progress, reporting
from zsar.datamodules.batch import ClassText
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.video_errors import VideoDecodeError

NONE_OF_THESE = "none of these"
"""The answer where the best probability is below the threshold."""
BATCH_SIZE = 8
"""Videos that go through the model together."""


@dataclass(frozen=True)
class Classification:
    """The model's answer for one video.

    Attributes:
        path: The video; None for given frames.
        ranked: Class names with probabilities in [0, 1], most probable first; empty if there is an error.
        answer: The first name, "none of these" below the threshold, or None if there is an error.
        error: Why the video has no answer, or None.
        n_damaged: Number of accepted damaged frames among those decoded.
    """

    path: str | None
    ranked: tuple[tuple[str, float], ...]
    answer: str | None
    error: str | None = None
    n_damaged: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, with the keys of `zsar classify --json`; probabilities have six decimals."""
        return {
            "path": self.path,
            "answer": self.answer,
            "probabilities": {name: round(probability, 6) for name, probability in self.ranked},
            "n_damaged_frames": self.n_damaged,
            "error": self.error,
        }


class ClassifySettings(TypedDict, total=False):
    """The optional arguments of `classify`, which describes them."""

    model: ActionRecognizer | str | Path | None
    template: str | Sequence[str]
    frames: int | None
    clips: int
    threshold: float
    batch_size: int
    n_workers: int | None
    on_damage: OnDamage
    device: str
    precision: Precision
    progress: Progress


@overload
def classify(  # type: ignore[overload-overlap] # a str is a sequence of them, but one video here
    videos: Video, classes: Classes, **settings: Unpack[ClassifySettings]
) -> Classification: ...


@overload
def classify(
    videos: Sequence[Video], classes: Classes, **settings: Unpack[ClassifySettings]
) -> list[Classification]: ...


def classify(
    videos: Video | Sequence[Video],
    classes: Classes,
    *,
    model: ActionRecognizer | str | Path | None = None,
    template: str | Sequence[str] = "video",
    frames: int | None = None,
    clips: int = 1,
    threshold: float = 0.0,
    batch_size: int = BATCH_SIZE,
    n_workers: int | None = None,
    on_damage: OnDamage = "raise",
    device: str = "auto",
    precision: Precision = "fp32",
    progress: Progress = None,
) -> Classification | list[Classification]:
    """Names the action in videos, among classes that are given; any names work, and nothing is trained.

    Probabilities are relative to the given classes: they sum to 1 even if none fits.

    Args:
        videos: A video file, or its RGB frames uint8 [T, 3, H, W]; or a list of these.
        classes: At least two class names; a mapping from names to prompts; or a file (`given_classes`).
        model: From `zsar.load`, or what `zsar.load` takes; None for ViT-B/16 with OpenAI's weights.
        template: Prompt template with {} for names, or the name of a set of templates.
        frames: Frames of a clip; None for 8, or as the model was trained.
        clips: Clips of a video, whose probabilities are averaged.
        threshold: The answer is "none of these" where the best probability is lower.
        batch_size: Videos that go through the model together.
        n_workers: Processes that decode; None for one for each processor where there are more than a few videos, and
            where the model, if it runs on the CPU, is quicker than the decoding.
        on_damage: "raise" treats videos with damaged frames as undecodable, "accept" uses these frames.
        device: Device of a model that is loaded here; a loaded one stays where it is.
        precision: "fp32", "bf16" or "fp16".
        progress: True for a progress bar, or a function of the numbers of videos done and of all.

    Returns:
        The answer for one video; for a list one for each, in order, with `error` where a video has none.

    Raises:
        VideoDecodeError: A single video cannot be decoded.
        ValueError: A value is out of range, or there are fewer than two classes.
        BackboneError: The weights of the model are neither local nor downloadable.
    """
    one, listed = listed_videos(videos)
    text = class_text_of(classes, template=template, least=2)
    check_threshold(threshold)
    recognizer = recognizer_of(model, device=device)
    settings = view_settings(recognizer, frames=frames, clips=clips, on_damage=on_damage)
    answers = classified(
        listed, text, recognizer, settings, threshold=threshold, batch_size=batch_size, n_workers=n_workers,
        precision=precision,
    )  # fmt: skip
    done = list(reporting(answers, len(listed), "classifying", progress))
    if not one:
        return done
    if done[0].error is not None:
        raise VideoDecodeError(done[0].error)
    return done[0]


def check_threshold(threshold: float) -> None:
    """Checks that a threshold is a probability.

    Raises:
        ValueError: It is not.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is a probability, from 0 to 1; got {threshold}")


def classified(
    videos: Sequence[Video],
    text: ClassText,
    model: ActionRecognizer,
    settings: ViewSettings,
    *,
    threshold: float = 0.0,
    batch_size: int = BATCH_SIZE,
    n_workers: int | None = None,
    precision: Precision = "fp32",
) -> Iterator[Classification]:
    """Answers for many videos, one after another in bounded memory; for the arguments see `classify`.

    Args:
        videos: Files or frames.
        text: The classes.
        model: The model, in evaluation mode, on its device.
        settings: Which frames it sees.
        threshold: As for `classify`, as the following.
        batch_size: Videos of a batch.
        n_workers: Processes that decode.
        precision: "fp32", "bf16" or "fp16".

    Yields:
        An answer for each video, in order.

    Raises:
        ValueError: A prompt has more tokens than the text tower reads, or a number is out of range.
    """
    model.class_embeddings.check_fit(text.prompts)
    with torch.inference_mode(), inference_precision(precision, model.device):
        classes = model.class_embeddings.cached(text.prompts, model.device)
    is_on_cpu = model.device.type == "cpu"
    for batch in view_batches(videos, settings, batch_size=batch_size, n_workers=n_workers, is_on_cpu=is_on_cpu):
        probabilities: dict[int, Tensor] = {}
        if batch.decoded:
            with torch.inference_mode(), inference_precision(precision, model.device):
                scores = model(batch.frames.to(model.device), classes).float().softmax(dim=1).cpu()
            probabilities = dict(zip(batch.decoded, scores, strict=True))
        for row in batch.rows:
            video = videos[row]
            path = None if isinstance(video, Tensor) else str(video)
            if row in batch.errors:
                yield Classification(path, (), None, batch.errors[row])
            else:
                yield ranking(path, probabilities[row], text.names, threshold, batch.n_damaged[row])


def ranking(
    path: str | None, probabilities: Tensor, names: Sequence[str], threshold: float, n_damaged: int = 0
) -> Classification:
    """The answer from probabilities.

    Args:
        path: The video.
        probabilities: float [C]; NaN where the model's scores are not finite, which is reported as an error.
        names: C class names.
        threshold: The answer is "none of these" where the best probability is lower.
        n_damaged: Number of accepted damaged frames.
    """
    if not probabilities.isfinite().all():
        what = "the given frames" if path is None else path
        return Classification(
            path, (), None, f"{what}: the model's scores of it are NaN or infinite, so it has no class"
        )
    order = probabilities.argsort(descending=True).tolist()
    ranked = tuple((names[i], float(probabilities[i])) for i in order)
    answer = ranked[0][0] if ranked[0][1] >= threshold else NONE_OF_THESE
    return Classification(path, ranked, answer, n_damaged=n_damaged)
