"""The options of `zsar extract`, and what they ask for."""

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
    """Whether frames are described in words, and how."""

    captions: bool = option(False, "describe frames in words, after the features")
    caption_seconds: float | None = option(
        None,
        "describe the frame on the screen every S seconds",
        metavar="S",
        otherwise=str(_CAPTION_SECONDS),
        more_than=0,
        at_most=86_400,
    )
    caption_generation: Generation | None = option(
        None,
        "greedy is several times faster; beam_search takes a sixth of --batch_size frames together, as it follows six "
        "captions of each",
        otherwise="beam_search",
    )

    def __post_init__(self) -> None:
        """Makes sure that nothing is said of captions that are not made.

        Raises:
            ValueError: Something is.
        """
        for name, value in vars(self).items():
            if value and not self.captions:
                raise ValueError(f"--{name} {value} is of no use without --captions; give that too")


@dataclass(frozen=True)
class ExtractOptions:
    """The options of `zsar extract`."""

    videos: tuple[Path, ...] = argument("video files, or folders of videos", metavar="VIDEO")
    output: Path = option(help="where the files go; one run at a time may write", metavar="FOLDER")
    model: ModelOptions = group(architecture={"default": DEFAULT_ARCHITECTURE})
    stride: StrideOptions = group(excludes=True, stride={"otherwise": "1, all of them"})
    dtype: Literal["fp16", "fp32"] = option("fp16", "as stored")
    batch: BatchSizeOption = group()
    damage: DamageOption = group()
    device: DeviceOption = group()
    devices: int = option(1, "GPUs to share the videos", metavar="N", at_least=1, at_most=1_024)
    workers: WorkerOption = group(n_workers={"otherwise": "for each device, one less than its share of the processors"})
    overwrite: bool = option(False, "make all files again, whatever is there")
    captions: CaptionOptions = group(
        "captions",
        "of a CoCa, as --architecture coca_ViT-L-14 --weights mscoco_finetuned_laion2B-s13B-b90k; "
        "they need pip install 'zsar[captions]'",
    )


COMMAND = Command(
    "extract",
    ExtractOptions,
    description="Compute the features of the frames of long videos, before the model's projection, and store them: "
    "one .safetensors file for each video, under the same folders; with --captions also what is to be seen, in "
    "words, in one .captions.json. An interrupted run resumes where it stopped, and what is there already is not "
    "made again; a video that cannot be decoded is named at the end, and the others are finished all the same.",
    epilog="Memory does not grow with the size of the picture; with the length of a video only its features do.",
)


def requested_extractions(options: ExtractOptions) -> list[Extraction]:
    """What is to be made of the videos: features, then captions if they are asked for.

    Args:
        options: The command line, parsed.

    Raises:
        BackboneError: What captions need is not installed.
    """
    architecture = options.model.architecture or DEFAULT_ARCHITECTURE
    weights = options.model.weights or default_weights(architecture)
    seconds = options.stride.stride_seconds
    every = FrameStride(frames=options.stride.stride or 1)
    features = FeatureExtraction(
        architecture=architecture,
        weights=weights,
        stride=every if seconds is None else FrameStride(frames=None, seconds=seconds),
        batch_size=options.batch.batch_size,
        n_workers=_n_workers(options),
        on_damage=options.damage.on_damage,
        dtype=options.dtype,
    )
    asked = options.captions
    if not asked.captions:
        return [features]
    check_can_generate()
    seconds = _CAPTION_SECONDS if asked.caption_seconds is None else asked.caption_seconds
    captions = CaptionExtraction(
        architecture=features.architecture,
        weights=weights,
        stride=FrameStride(frames=None, seconds=seconds),
        batch_size=features.batch_size,
        n_workers=features.n_workers,
        on_damage=features.on_damage,
        captions=CaptionSettings(asked.caption_generation or CaptionSettings.generation),
    )
    return [features, captions]


def _n_workers(options: ExtractOptions) -> int:
    """Decoding processes of each device."""
    given = options.workers.n_workers
    return max(1, cpu_count() // options.devices - 1) if given is None else given
