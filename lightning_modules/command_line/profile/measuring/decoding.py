"""Decoding beside a model: how fast one process makes clips, and how many processes would feed the model."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset

from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import Sample
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, open_frames
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import DESCRIPTION, SECONDS, table_of
from zsar.runtime.shards.stored_videos import is_stored

_CHUNK = 64  # frames
_FIRST_SECONDS = 10.0  # of a long video


@dataclass(frozen=True)
class ClipSource:
    """Where clips are decoded from.

    Attributes:
        test: The test views of videos, with further views where the data make them.
        train: Training clips of the same videos.
        of: In words.
        why: Why they are of a rendered video; None for the data set's own.
    """

    test: Dataset[Sample]
    train: Dataset[Sample]
    of: str
    why: str | None


def clip_source(
    module: TrimmedVideoDataModule, rendered: Path, *, own_videos: bool, n_rows: int, leave_colours: bool = False
) -> ClipSource:
    """Chooses what is decoded.

    Args:
        module: The data set; it is set up if its own videos are looked for.
        rendered: The rendered video.
        own_videos: Whether they are.
        n_rows: How many videos a list of the rendered one has, at least the batch size.
        leave_colours: Whether colours of training clips are left to the device, as a training on a GPU does.

    Raises:
        ValueError: The data set is here, but something is wrong with it.
    """
    why, of = None, f"test videos of {type(module).__name__}"
    try:
        table = _own_table(module) if own_videos else None
    except FileNotFoundError as error:
        table, why = None, str(error)
    if table is None:
        table, of = table_of(rendered, n_rows), DESCRIPTION
    module.sets |= {"predict": table, "train": table}
    tested: Any = module.predict_dataloader()[0].dataset
    return ClipSource(tested, module.training_clips(leave_colours=leave_colours), of, why)


def _own_table(module: TrimmedVideoDataModule) -> VideoTable:
    """The videos of the first test set.

    Raises:
        FileNotFoundError: The data set is not here.
    """
    module.setup("test")
    table = module.sets[next(iter(module.set_classes("test")))]
    if not is_stored(table[0].path):
        raise FileNotFoundError(f"there is no file {table[0].path}")
    return table


def clip_seconds(clips: Dataset[Sample], *, repeats: int) -> list[float]:
    """Seconds in which this process makes each of some clips, after one to warm up.

    Args:
        clips: Test or training clips.
        repeats: How many, spread over the list.

    Raises:
        ValueError: One cannot be decoded.
    """
    n: int = len(clips)  # type: ignore[arg-type]
    seconds = []
    for number in range(repeats + 1):
        began = time.perf_counter()
        sample = clips[number * n // (repeats + 1)]
        seconds.append(time.perf_counter() - began)
        if sample.failed:
            raise ValueError(f"{sample.undecodable[0]}; `zsar doctor` lists all videos that cannot be decoded")
    return seconds[1:]


def rate_record(seconds: list[float]) -> dict[str, float]:
    """Clips a second of one process, by the median, lowest and highest seconds of a clip."""
    middle = statistics.median(seconds)
    return {
        "clips_per_second": float(f"{1 / middle:.4g}"),
        "clip_seconds": float(f"{middle:.4g}"),
        "lowest_seconds": float(f"{min(seconds):.4g}"),
        "highest_seconds": float(f"{max(seconds):.4g}"),
    }


def n_processes(videos_per_second: float, clips_per_second: float) -> int:
    """How many processes decode as fast as a model takes videos."""
    return math.ceil(videos_per_second / clips_per_second)


def untrimmed_seconds(
    module: UntrimmedVideoDataModule, rendered: Path, *, pixels: FramePixels
) -> tuple[float, float, str, str | None]:
    """Decodes the beginning of a long video as a localizer does.

    Args:
        module: The data set.
        rendered: The rendered video.
        pixels: Size and filter of the model's frames; the geometry is the data set's.

    Returns:
        Seconds that it took, seconds of video, what was decoded, and why that is a rendered video (None for one of the
        data set).
    """
    try:
        module.setup("test")
        video, of, why = next(_with_file(module)), f"a video of {type(module).__name__}", None
    except (FileNotFoundError, StopIteration) as error:
        video, of = UntrimmedVideo(rendered.stem, rendered, float(SECONDS)), DESCRIPTION
        why = str(error) or "no video of the data set is here"
    began = time.perf_counter()
    with open_frames(
        video,
        stride=module.stride,
        image_size=pixels.image_size,
        geometry=module.geometry,
        resize_filter=pixels.resize_filter,
        chunk_size=_CHUNK,
    ) as stream:
        chunks = itertools.takewhile(lambda chunk: chunk[1][0] < _FIRST_SECONDS, stream.chunks())
        shown = max(float(times[-1]) for _, times in chunks)
        return time.perf_counter() - began, max(shown, min(_FIRST_SECONDS, stream.duration_seconds)), of, why


def _with_file(module: UntrimmedVideoDataModule) -> Iterator[UntrimmedVideo]:
    return (video for video in module.videos if video.path is not None)
