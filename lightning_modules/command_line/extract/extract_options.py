"""The options of `zsar extract`, and the extractions that they request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.extract.caption_extraction import CaptionExtraction
from zsar.lightning_modules.command_line.extract.extraction import Extraction
from zsar.lightning_modules.command_line.extract.feature_extraction import FeatureExtraction
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    BatchSizeOption,
    DamageOption,
    DeviceOption,
    GeometryOption,
    ModelOptions,
    StrideOptions,
    WorkerOption,
)
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings, Generation, check_can_generate
from zsar.runtime.processes.cpu_count import cpu_count

DEFAULT_ARCHITECTURE = "ViT-B-16-quickgelu"
_CAPTION_SECONDS = 1.0


@dataclass(frozen=True)
class CaptionOptions:
    """Whether frames are captioned, and how."""

    captions: bool = option(False, "also write captions of frames, after the features")
    caption_seconds: float | None = option(
        None,
        "caption the frame shown at every S seconds",
        metavar="S",
        otherwise=str(_CAPTION_SECONDS),
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
    caption_generation: Generation | None = option(
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

    @property
    def stride(self) -> FrameStride:
        """Which frames are captioned."""
        if self.caption_stride is not None:
            return FrameStride(frames=self.caption_stride)
        return FrameStride(frames=None, seconds=self.caption_seconds or _CAPTION_SECONDS)


@dataclass(frozen=True)
class ExtractOptions:
    """The options of `zsar extract`."""

    videos: tuple[Path, ...] = argument("video files, folders of videos, or glob patterns", metavar="VIDEO")
    output: Path = option(help="output folder; only one run at a time may write to it", metavar="FOLDER")
    model: ModelOptions = group(architecture={"default": DEFAULT_ARCHITECTURE})
    stride: StrideOptions = group(excludes=True, stride={"otherwise": "1, all of them"})
    geometry: GeometryOption = group()
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


def requested_extractions(options: ExtractOptions) -> list[Extraction]:
    """The requested extractions: features, then captions if requested.

    Args:
        options: The command line, parsed.

    Raises:
        BackboneError: The packages for captions are not installed.
    """
    architecture = options.model.architecture or DEFAULT_ARCHITECTURE
    weights = options.model.weights or default_weights(architecture)
    seconds = options.stride.stride_seconds
    every = FrameStride(frames=options.stride.stride or 1)
    features = FeatureExtraction(
        architecture=architecture,
        weights=weights,
        stride=every if seconds is None else FrameStride(frames=None, seconds=seconds),
        geometry=options.geometry.geometry,
        batch_size=options.batch.batch_size,
        n_workers=_n_workers(options),
        on_damage=options.damage.on_damage,
        dtype=options.dtype,
    )
    asked = options.captions
    if not asked.captions:
        return [features]
    check_can_generate()
    captions = CaptionExtraction(
        architecture=features.architecture,
        weights=weights,
        stride=asked.stride,
        geometry=features.geometry,
        batch_size=features.batch_size,
        n_workers=features.n_workers,
        on_damage=features.on_damage,
        captions=CaptionSettings(asked.caption_generation or CaptionSettings.generation),
    )
    return [features, captions]


def _n_workers(options: ExtractOptions) -> int:
    """Decoding processes per device."""
    given = options.workers.n_workers
    return max(1, cpu_count() // options.devices - 1) if given is None else given
