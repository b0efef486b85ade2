"""Files of untrimmed videos, and their frames: all that are looked at, as a stream, or a few at given times."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zsar.datamodules.lists.checked_lists import missing_keys
from zsar.datamodules.lists.video_index import VideoIndex
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.counted_frames import OnDamage
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.frame_chunks import small_frames
from zsar.datamodules.video_files.streaming import FrameStream, FrameStride
from zsar.datamodules.views.transforms import TestTransform

_SHOWN = 5


@dataclass(frozen=True)
class UntrimmedVideo:
    """A video that is tested on.

    Attributes:
        id: Its name in annotations, features and results: that of its file without the suffix; for one's own files in
            folders, with these folders.
        path: The file; None where it is not there, which only `needs_files=False` allows.
        duration_seconds: How long it is, as annotated; None where that is not said.
    """

    id: str
    path: Path | None
    duration_seconds: float | None


def find_video_files(folder: Path, ids: Sequence[str], *, all_needed: bool) -> list[Path | None]:
    """Where videos lie, found by name at any depth and in any container.

    Args:
        folder: The folder that holds them.
        ids: Their names.
        all_needed: Whether each must be there.

    Returns:
        Their files; None for one that is not there and needs not.

    Raises:
        FileNotFoundError: One is not there but must.
        ValueError: Two files could be meant.
    """
    index = VideoIndex(folder, may_be_missing=not all_needed)
    located, found = index.locate(ids)
    missing = missing_keys(VideoTable(folder, located, [-1] * len(ids), keys=ids, found=found))
    if missing and all_needed:
        raise FileNotFoundError(
            f"{len(missing):,} of {len(ids):,} listed videos are not under {folder}: "
            f"{', '.join(missing[:_SHOWN])}{', ...' if len(missing) > _SHOWN else ''}. Get them; or name them in a CSV "
            "file with a column `video` for --data.split.exclude; or set --data.needs_files false, if features of them "
            "were extracted"
        )
    return [folder / path if there else None for path, there in zip(located, found.tolist(), strict=True)]


def open_frames(
    video: UntrimmedVideo, *, stride: FrameStride, image_size: int, chunk_size: int, on_damage: OnDamage = "raise"
) -> FrameStream:
    """The frames of a video that are looked at, in order and in bounded memory; close the stream after use (`with`).

    Args:
        video: The video.
        stride: Which frames.
        image_size: S, height and width of the frames that come out, in pixels.
        chunk_size: Frames that are given together.
        on_damage: What is done with damaged frames; see `VideoReader`.

    Raises:
        FileNotFoundError: The file is not there.
        VideoDecodeError: It cannot be opened, or its frames not be listed.
        ValueError: A number is out of range.
    """
    return FrameStream(
        _file(video), image_size, stride=stride, chunk_size=chunk_size, threads=_threads(), on_damage=on_damage
    )


def frames_at(
    video: UntrimmedVideo, times_seconds: Sequence[float], *, image_size: int, on_damage: OnDamage = "raise"
) -> Tensor:
    """The frames that are on the screen at some times; only what leads to them is decoded.

    Args:
        video: The video.
        times_seconds: n times, in seconds on the player's clock (`video_files.decoding`), in any order, repeated or
            not. The last frame stays on for ever, and before the first frame it is the first one.
        image_size: S, height and width of the frames that come out, in pixels.
        on_damage: What is done with damaged frames; see `VideoReader`.

    Returns:
        uint8 [n, 3, S, S], resized and cropped as `open_frames` does it.

    Raises:
        FileNotFoundError: The file is not there.
        VideoDecodeError: It cannot be read.
        ValueError: No time is given, or one that is negative or not a number.
    """
    if not len(times_seconds):
        raise ValueError(f"frames of the video {video.id!r} are asked for at no time; give at least one, in seconds")
    transform = TestTransform(image_size)
    with VideoReader(_file(video), threads=_threads(), on_damage=on_damage) as reader:
        indices = torch.from_numpy(reader.indices_at_times(times_seconds))
        return small_frames(reader, indices, lambda frames: transform(frames)[0])


def _file(video: UntrimmedVideo) -> Path:
    if video.path is None:
        raise FileNotFoundError(
            f"the file of the video {video.id!r} is not there, as --data.needs_files false allows, but its frames are "
            "asked for: get it and set --data.needs_files true, or use what was extracted of it beforehand"
        )
    return video.path


def _threads() -> int:
    """Decoder threads: one in a worker, beside which others read; else FFmpeg's choice, for a single video."""
    return 1 if multiprocessing.parent_process() is not None else 0
