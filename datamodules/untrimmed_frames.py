"""Files of untrimmed videos, and their frames: all that are used, as a stream, or a few at given times."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.lists.checked_lists import missing_keys
from zsar.datamodules.lists.video_index import VideoIndex
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.frame_chunks import small_frames
from zsar.datamodules.video_files.streaming import FrameStream, FrameStride
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.views.frame_geometry import RESIZE_FILTER, square_frames

_SHOWN = 5


@dataclass(frozen=True)
class UntrimmedVideo:
    """A test video.

    Attributes:
        id: Its name in annotations, features and results: the file name without suffix; for a user's own files in
            folders, including these folders.
        path: The file; None if missing, which only `needs_files=False` allows.
        duration_seconds: Annotated duration; None if not annotated.
    """

    id: str
    path: Path | None
    duration_seconds: float | None


def find_video_files(folder: Path, ids: Sequence[str], *, all_needed: bool) -> list[Path | None]:
    """Finds video files by name, at any depth and in any container.

    Args:
        folder: Folder with the videos.
        ids: Names of the videos.
        all_needed: Whether every file must exist.

    Returns:
        Their files; None for a missing one that is not needed.

    Raises:
        FileNotFoundError: A needed file is missing.
        ValueError: Two files match one name.
    """
    index = VideoIndex(folder, may_be_missing=not all_needed)
    located, exists = index.locate(ids)
    missing = missing_keys(VideoTable(folder, located, [-1] * len(ids), keys=ids, found=exists))
    if missing and all_needed:
        raise FileNotFoundError(
            f"{len(missing):,} of {len(ids):,} listed videos are not under {folder}: "
            f"{', '.join(missing[:_SHOWN])}{', ...' if len(missing) > _SHOWN else ''}. Get them; or name them in a CSV "
            "file with a column `video` for --data.split.exclude; or set --data.needs_files false, if their features "
            "were extracted"
        )
    return [folder / path if is_file else None for path, is_file in zip(located, exists.tolist(), strict=True)]


def open_frames(
    video: UntrimmedVideo,
    *,
    stride: FrameStride,
    image_size: int,
    geometry: Geometry,
    resize_filter: ResizeFilter = RESIZE_FILTER,
    chunk_size: int,
    on_damage: OnDamage = "raise",
) -> FrameStream:
    """Streams the frames of a video in order and in bounded memory; use it in a `with` block.

    Args:
        video: The video.
        stride: Which frames.
        image_size: S, height and width of the output frames, in pixels.
        geometry: How frames become square; see `frame_geometry`.
        resize_filter: How they are resized, with antialiasing.
        chunk_size: Number of frames per chunk.
        on_damage: What to do with damaged frames; see `VideoReader`.

    Raises:
        FileNotFoundError: The file is missing.
        VideoDecodeError: It cannot be opened, or its frames cannot be listed.
        ValueError: A number is out of range.
    """
    return FrameStream(
        _file(video),
        image_size,
        geometry=geometry,
        resize_filter=resize_filter,
        stride=stride,
        chunk_size=chunk_size,
        threads=_threads(),
        on_damage=on_damage,
    )


def frames_at(
    video: UntrimmedVideo,
    times_seconds: Sequence[float],
    *,
    image_size: int,
    geometry: Geometry,
    resize_filter: ResizeFilter = RESIZE_FILTER,
    on_damage: OnDamage = "raise",
) -> Tensor:
    """The frames on screen at given times; decodes only what is needed for them.

    Args:
        video: The video.
        times_seconds: n times, in seconds on the player's clock (`video_files.decoding`), in any order; repeats
            are allowed. Times before the first frame give the first one; times after the last give the last one.
        image_size: S, height and width of the output frames, in pixels.
        geometry: How frames become square; see `frame_geometry`.
        resize_filter: How they are resized, with antialiasing.
        on_damage: What to do with damaged frames; see `VideoReader`.

    Returns:
        uint8 [n, 3, S, S].

    Raises:
        FileNotFoundError: The file is missing.
        VideoDecodeError: It cannot be read.
        ValueError: No time is given, or a time is negative or not a number.
    """
    if not len(times_seconds):
        raise ValueError(f"no times given for frames of the video {video.id!r}; give at least one, in seconds")
    square = square_frames(geometry, image_size, resize_filter=resize_filter)
    with VideoReader(_file(video), threads=_threads(), on_damage=on_damage) as reader:
        indices = torch.from_numpy(reader.indices_at_times(times_seconds))
        return small_frames(reader, indices, square)


def _file(video: UntrimmedVideo) -> Path:
    if video.path is None:
        raise FileNotFoundError(
            f"the file of the video {video.id!r} is missing, which --data.needs_files false allows, but its frames are "
            "needed: get it and set --data.needs_files true, or use its extracted features"
        )
    return video.path


def _threads() -> int:
    """Decoder threads: one in a worker, since others read in parallel; else FFmpeg's choice."""
    return 1 if multiprocessing.parent_process() is not None else 0
