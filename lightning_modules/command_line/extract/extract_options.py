"""The options of `zsar extract`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    BatchSizeOption,
    DamageOption,
    DeviceOption,
    FrameStatisticsOption,
    GeometryOption,
    ModelOptions,
    StrideOptions,
    WorkerOption,
)
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE

CAPTION_SECONDS = 1.0


@dataclass(frozen=True)
class CaptionOptions:
    """Whether frames are captioned, and how."""

    captions: bool = option(False, "also write captions of frames, after the features")
    caption_seconds: float | None = option(
        None,
        "caption the frame shown at every S seconds",
        metavar="S",
        otherwise=str(CAPTION_SECONDS),
        more_than=0,
        at_most=86_400,
    )
    caption_stride: int | None = option(
        None,
        "caption every Nth frame instead; 1 captions all, as T3AL's paper does",
        metavar="N",
        otherwise="by --caption_seconds",
        at_least=1,
        at_most=1_000_000,
    )
    caption_generation: Literal["beam_search", "greedy"] | None = option(
        None,
        "how captions are generated: greedy is several times faster; beam_search follows six captions per frame, so it "
        "batches a sixth of --batch_size frames",
        otherwise="beam_search",
    )

    def __post_init__(self) -> None:
        """Checks that options of captions are given only with --captions, and one distance between captions.

        Raises:
            ValueError: One is given without it, or two distances.
        """
        for name, value in vars(self).items():
            if value and not self.captions:
                raise ValueError(f"--{name} {value} has no effect without --captions; add it")
        if self.caption_seconds is not None and self.caption_stride is not None:
            raise ValueError(
                f"frames are captioned by --caption_seconds {self.caption_seconds} or by --caption_stride "
                f"{self.caption_stride}; leave one of them out"
            )


@dataclass(frozen=True)
class ExtractOptions:
    """The options of `zsar extract`."""

    videos: tuple[Path, ...] = argument("video files, folders of videos, or glob patterns", metavar="VIDEO")
    output: Path = option(help="output folder; only one run at a time may write to it", metavar="FOLDER")
    model: ModelOptions = group(architecture={"default": DEFAULT_ARCHITECTURE})
    stride: StrideOptions = group(excludes=True, stride={"otherwise": "1, all of them"})
    geometry: GeometryOption = group()
    statistics: FrameStatisticsOption = group()
    dtype: Literal["fp16", "fp32"] = option("fp16", "type of the stored features")
    batch: BatchSizeOption = group()
    damage: DamageOption = group()
    device: DeviceOption = group()
    devices: int = option(
        1, "number of GPUs, among which the videos are divided", metavar="N", at_least=1, at_most=1_024
    )
    workers: WorkerOption = group(n_workers={"otherwise": "per device, one less than its share of the processors"})
    overwrite: bool = option(False, "replace all existing files")
    captions: CaptionOptions = group(
        "captions",
        "need a CoCa, such as --architecture coca_ViT-L-14 --weights mscoco_finetuned_laion2B-s13B-b90k, "
        "and pip install 'zsar[captions]'",
    )


COMMAND = Command(
    "extract",
    ExtractOptions,
    description="Compute and store frame features of long videos, before the model's projection: one .safetensors file "
    "per video, in the same folder structure; with --captions also one .captions.json with captions of frames. An "
    "interrupted run resumes where it stopped; existing files are kept. Undecodable videos are reported at the end; "
    "the rest are still processed.",
    epilog="Memory use does not depend on the frame size; only the features grow with the length of a video.",
)
