"""The options of `zsar localize`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from zsar.api.localization.method_settings import (
    ANY_MARGIN,
    DEFAULT_ARCHITECTURE,
    FRAME_WISE_METHOD,
    OWN_THRESHOLD,
    SMOOTHING_SECONDS,
    STRIDE_SECONDS,
    T3AL_METHOD,
    THRESHOLD,
    Method,
    MethodSettings,
)
from zsar.datamodules.choices.action_template import ACTION_TEMPLATE
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    SEED_LIMITS,
    BatchSizeOption,
    DamageOption,
    DeviceOption,
    DrawOption,
    GeometryOption,
    JsonOption,
    PromptOptions,
    RecognizerOptions,
    StrideOptions,
    TokenizerOption,
    WorkerOption,
)
from zsar.lightning_modules.open_clip_towers.weights.default_weights import default_weights


@dataclass(frozen=True)
class MethodOptions:
    """The method and its settings; None if not given, so that a setting of the other method is detected."""

    method: Literal["t3al", "frame-wise"] | None = option(
        None, "localization method", otherwise=f"{T3AL_METHOD}; {FRAME_WISE_METHOD} with --checkpoint"
    )
    steps: int | None = option(
        None,
        "t3al: maximum number of adaptation steps, 0 for none",
        metavar="N",
        otherwise="50",
        at_least=0,
        at_most=1_000_000,
    )
    smooth_seconds: float | None = option(
        None,
        "t3al: scores are averaged over S seconds, 0 for none",
        metavar="S",
        otherwise=f"{SMOOTHING_SECONDS}, the paper's 20 frames at 30 a second",
        at_least=0,
        at_most=86_400,
    )
    pseudo_labels: int | None = option(
        None,
        "t3al: maximum number of classes that are assumed to occur in a video",
        metavar="K",
        otherwise="1",
        at_least=1,
        at_most=100_000,
    )
    margin: float | None = option(
        None,
        "t3al: largest difference in cosine similarity between the first and further assumed classes, such as 0.02",
        metavar="M",
        otherwise="any",
        at_least=0,
        at_most=ANY_MARGIN,
    )
    suppress: bool | None = option(
        None,
        "t3al: discard segments whose captions disagree with the others",
        otherwise="on with --captions or a CoCa, which writes one caption a second and needs pip install "
        "'zsar[captions]'",
    )
    captions: Path | None = option(
        None, "t3al: captions from `zsar extract --captions`, instead of writing them in each run", metavar="FOLDER"
    )
    seed: int | None = option(None, "t3al: random seed of the drawn frames", metavar="N", otherwise="0", **SEED_LIMITS)
    threshold: float | None = option(
        None,
        "frame-wise: probability, relative to the given names, above which a frame belongs to an action; with a model "
        "that has a logit bias (SigLIP), the own probability of the action",
        metavar="P",
        otherwise=f"{THRESHOLD}, or {OWN_THRESHOLD} of own probabilities",
        at_least=0,
        less_than=1,
    )

    def __post_init__(self) -> None:
        """Checks that options fit together.

        Raises:
            ValueError: They do not.
        """
        if self.margin is not None and (self.pseudo_labels or 1) < 2:
            raise ValueError(f"--margin goes with --pseudo_labels of 2 or more; got {self.margin}")
        if self.captions is not None and self.suppress is False:
            raise ValueError(f"--captions {self.captions} has no effect with --no_suppress; leave one of them out")


@dataclass(frozen=True)
class FrameOptions(TokenizerOption, RecognizerOptions):
    """The model and the frames that it sees."""

    features: Path | None = option(
        None,
        "features from `zsar extract` (fp16); missing ones are computed and stored there",
        metavar="FOLDER",
        otherwise="computed for this run only",
    )


@dataclass(frozen=True)
class OutputOptions(JsonOption):
    """What is written and printed."""

    output: Path = option(
        Path("runs/localize"),
        "folder for VIDEO.json, .csv, .srt (subtitles) and .png; those of an earlier run are replaced",
        metavar="FOLDER",
    )
    annotations: Path | None = option(
        None,
        "ground truth in the format of T3AL's THUMOS14 JSON, added to the picture and the JSON file",
        metavar="FILE",
    )


@dataclass(frozen=True)
class LocalizeOptions:
    """The options of `zsar localize`."""

    videos: tuple[Path, ...] = argument("video files, folders of videos, or glob patterns", metavar="VIDEO")
    text: PromptOptions = group(
        "class names", template={"otherwise": f'"{ACTION_TEMPLATE}", or "video" with --checkpoint'}
    )
    method: MethodOptions = group("method")
    model: FrameOptions = group(
        "model and frames",
        architecture={"otherwise": DEFAULT_ARCHITECTURE},
        weights={"otherwise": f"{default_weights(DEFAULT_ARCHITECTURE)}; openai for other models"},
    )
    stride: StrideOptions = group(
        excludes=True,
        stride_seconds={"otherwise": f"{STRIDE_SECONDS}, about an eighth of the frames at 30 a second"},
    )
    geometry: GeometryOption = group()
    damage: DamageOption = group()
    device: DeviceOption = group()
    batch: BatchSizeOption = group()
    workers: WorkerOption = group(n_workers={"otherwise": "one less than the number of processors"})
    output: OutputOptions = group("output")
    draw: DrawOption = group()

    def __post_init__(self) -> None:
        """Checks that there is one model, and that the method has the given settings.

        Raises:
            ValueError: An architecture is given besides a checkpoint, or a setting has no effect.
        """
        self.model.check_one_model()
        for name in self.settings.without_effect(self.method_name):
            raise ValueError(f"--{name} has no effect with --method {self.method_name}; leave it out")

    @property
    def settings(self) -> MethodSettings:
        """The settings of the method."""
        return MethodSettings(**{field.name: getattr(self.method, field.name) for field in fields(MethodSettings)})

    @property
    def method_name(self) -> Method:
        """The method."""
        return self.method.method or (T3AL_METHOD if self.model.checkpoint is None else FRAME_WISE_METHOD)

    @property
    def architecture(self) -> str:
        """The model."""
        return self.model.architecture or DEFAULT_ARCHITECTURE


COMMAND = Command(
    "localize",
    LocalizeOptions,
    description="Find when actions happen in your own untrimmed videos, among class names that you give. Any names "
    "work, even a single one; nothing is trained. Each video gets a table, a picture, and its segments as JSON, CSV "
    "and subtitles. Undecodable videos are reported at the end; the rest are still processed.",
    epilog="The method t3al (Liberatori et al. 2024) assumes that the class most similar to a video occurs in it, "
    "adapts the model to this video and class, and returns segments that score above the video's mean. It therefore "
    "finds something in nearly every video: give names that do occur. The score of a segment is its probability "
    "relative to the given names, 1 for a single name. The method frame-wise classifies each frame independently and "
    "finds nothing where it is not confident. A model trained by `zsar fit` (--checkpoint) localizes frame-wise.",
)
