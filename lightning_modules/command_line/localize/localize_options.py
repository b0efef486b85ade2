"""The options of `zsar localize`, and what of the frames they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.untrimmed_sets import ACTION_TEMPLATE
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.extract.feature_extraction import FeatureExtraction
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    SEED_LIMITS,
    BatchSizeOption,
    DamageOption,
    DeviceOption,
    JsonOption,
    ModelOptions,
    PromptOptions,
    StrideOptions,
    WorkerOption,
)
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.runtime.processes.cpu_count import cpu_count

DEFAULT_ARCHITECTURE = "coca_ViT-L-14"
_STRIDE_SECONDS = 0.25
DEFAULT_SMOOTHING_SECONDS = 0.67  # the paper's 20 frames, at 30 a second
DEFAULT_THRESHOLD = 0.8
ANY_MARGIN = 2.0  # as far apart as two cosines can be
_OF_T3AL = ("steps", "smooth_seconds", "pseudo_labels", "margin", "suppress", "captions", "seed")


@dataclass(frozen=True)
class MethodOptions:
    """The method, and its settings; None where they are not given, so that one of the other method is noticed."""

    method: Literal["t3al", "frame-wise"] = option("t3al", "how actions are found")
    steps: int | None = option(
        None, "t3al: most adaptation steps, 0 for none", metavar="N", otherwise="50", at_least=0, at_most=1_000_000
    )
    smooth_seconds: float | None = option(
        None,
        "t3al: scores are averaged over S seconds, 0 for none",
        metavar="S",
        otherwise=f"{DEFAULT_SMOOTHING_SECONDS}, the paper's 20 frames at 30 a second",
        at_least=0,
        at_most=86_400,
    )
    pseudo_labels: int | None = option(
        None, "t3al: names that a video is taken for, at most", metavar="K", otherwise="1", at_least=1, at_most=100_000
    )
    margin: float | None = option(
        None,
        "t3al: how much less similar than the first the further ones may be, in cosine, such as 0.02",
        metavar="M",
        otherwise="any",
        at_least=0,
        at_most=ANY_MARGIN,
    )
    suppress: bool | None = option(
        None,
        "t3al: drop segments whose captions agree with few others",
        otherwise="with captions, or with a model that writes them, a CoCa, which needs pip install 'zsar[captions]'",
    )
    captions: Path | None = option(
        None, "t3al: files of `zsar extract --captions`, read instead of writing captions in each run", metavar="FOLDER"
    )
    seed: int | None = option(None, "t3al: seed of the frames drawn", metavar="N", otherwise="0", **SEED_LIMITS)
    threshold: float | None = option(
        None,
        "frame-wise: probability among the names above which a frame counts",
        metavar="P",
        otherwise=str(DEFAULT_THRESHOLD),
        at_least=0,
        less_than=1,
    )

    def __post_init__(self) -> None:
        """Makes sure that options fit each other.

        Raises:
            ValueError: They do not.
        """
        for name in ("threshold",) if self.method == "t3al" else _OF_T3AL:
            if getattr(self, name) is not None:
                raise ValueError(f"--{name} is of no use with --method {self.method}; leave it out")
        if self.margin is not None and (self.pseudo_labels or 1) < 2:
            raise ValueError(f"--margin goes with --pseudo_labels of 2 or more; got {self.margin}")
        if self.captions is not None and self.suppress is False:
            raise ValueError(f"--captions {self.captions} is of no use with --no_suppress; leave one of them out")


@dataclass(frozen=True)
class FrameOptions(ModelOptions):
    """The model, and the frames that it sees."""

    features: Path | None = option(
        None,
        "files of `zsar extract` (fp16); missing ones are made there and kept",
        metavar="FOLDER",
        otherwise="made for this run",
    )


@dataclass(frozen=True)
class OutputOptions(JsonOption):
    """What is written and printed."""

    output: Path = option(
        Path("runs/localize"),
        "where VIDEO.json and VIDEO.png go; those of an earlier run are replaced",
        metavar="FOLDER",
    )
    annotations: Path | None = option(
        None, "what truly happens, as T3AL's THUMOS14 JSON has it, to be drawn and written down too", metavar="FILE"
    )


@dataclass(frozen=True)
class LocalizeOptions:
    """The options of `zsar localize`."""

    videos: tuple[Path, ...] = argument("video files, or folders of videos", metavar="VIDEO")
    text: PromptOptions = group("class names", template={"default": ACTION_TEMPLATE})
    method: MethodOptions = group("method")
    model: FrameOptions = group(
        "model and frames",
        architecture={"default": DEFAULT_ARCHITECTURE},
        weights={"otherwise": f"{default_weights(DEFAULT_ARCHITECTURE)}; of other models openai"},
    )
    stride: StrideOptions = group(
        excludes=True,
        stride_seconds={"otherwise": f"{_STRIDE_SECONDS}, about an eighth of the frames at 30 a second"},
    )
    damage: DamageOption = group()
    device: DeviceOption = group()
    batch: BatchSizeOption = group()
    workers: WorkerOption = group(n_workers={"otherwise": "one less than there are processors"})
    output: OutputOptions = group("output")

    @property
    def architecture(self) -> str:
        """The model."""
        return self.model.architecture or DEFAULT_ARCHITECTURE


COMMAND = Command(
    "localize",
    LocalizeOptions,
    description="Find where in your own untrimmed videos actions happen, among names that you give. Any names will "
    "do, one alone too; nothing is trained. Each video gets a table, a JSON file and a picture; one that cannot be "
    "decoded is named at the end, and the others are done all the same.",
    epilog="By the method t3al (Liberatori et al. 2024) a video is taken for the name nearest to it, the model is "
    "adapted to both for this video, and what scores above the video's mean is found. So something is found in "
    "nearly any video, and scores compare parts of one video, not videos: give names that do occur. The method "
    "frame-wise names each frame by itself and finds nothing where it is not sure.",
)


def requested_features(options: LocalizeOptions) -> FeatureExtraction:
    """What is computed of the frames, as `zsar extract` does it.

    Args:
        options: The command line, parsed.
    """
    asked = options.stride
    if asked.stride is not None:
        stride = FrameStride(frames=asked.stride)
    else:
        seconds = asked.stride_seconds
        stride = FrameStride(frames=None, seconds=_STRIDE_SECONDS if seconds is None else seconds)
    architecture, n_workers = options.architecture, options.workers.n_workers
    return FeatureExtraction(
        architecture=architecture,
        weights=options.model.weights or default_weights(architecture),
        stride=stride,
        batch_size=options.batch.batch_size,
        n_workers=max(1, cpu_count() - 1) if n_workers is None else n_workers,
        on_damage=options.damage.on_damage,
        dtype="fp16",
    )
