"""The options of `zsar prepare`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.video_files.writing.copy_plan import FAILED_VIDEOS
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import DamageOption, WorkerOption
from zsar.runtime.number_limits import MOST_IMAGE_SIDE_PX


@dataclass(frozen=True)
class PrepareOptions:
    """The options of `zsar prepare`."""

    source: Path = argument("folder of the data set, with any subfolders", metavar="SOURCE")
    destination: Path = argument("folder of the copy; only one run at a time may write to it", metavar="DESTINATION")
    short_side: int = option(
        PreparingSettings.short_side_px,
        "maximum length of the shorter side of frames; longer ones are scaled down",
        metavar="PX",
        at_least=16,
        at_most=MOST_IMAGE_SIDE_PX,
    )
    keyframe_every: int = option(
        PreparingSettings.keyframe_every,
        "frames between keyframes: fewer are faster to read but take more space",
        metavar="N",
        at_least=1,
        at_most=100_000,
    )
    crf: int = option(
        PreparingSettings.crf,
        "quality of x264: 0 is lossless, 51 the worst and smallest",
        metavar="CRF",
        at_least=0,
        at_most=51,
    )
    shards: int | None = option(
        None,
        "pack the videos into this many tar files, from which data sets read them by an index",
        metavar="N",
        otherwise="files",
        at_least=1,
        at_most=99_999,
    )
    damage: DamageOption = group()
    workers: WorkerOption = group(
        n_workers={
            "help": "videos encoded in parallel, each by a single-threaded process",
            "otherwise": "the number of processors",
            "at_least": 1,
        }
    )


COMMAND = Command(
    "prepare",
    PrepareOptions,
    description="Make a small copy of a data set for faster training: videos as .mp4 (H.264, no sound) with dense "
    "keyframes and the same frames at the same times, upright and of one size; all other files unchanged, except "
    "hidden ones, which are left out. The copy is a data root. An interrupted run resumes where it stopped. "
    f"Videos that cannot be prepared are listed in DESTINATION/{FAILED_VIDEOS}; the rest are still prepared.",
)
