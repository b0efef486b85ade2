"""What the classes look like: each has its own hue, and a square of that hue that moves in one of four directions.

A model can tell the classes apart. A class is encoded once per process; all its clips are copies of the same bytes.
"""

from __future__ import annotations

import colorsys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.makers.miniatures.written_files import write_bytes
from zsar.datamodules.video_files.writing.encoding import X264_OPTIONS, write_video

FRAMES_PER_SECOND = 8
N_FRAMES = 12  # of a trimmed clip
HEIGHT_PX, WIDTH_PX = 32, 40
_CODECS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    ".mp4": ("libx264", X264_OPTIONS),
    ".avi": ("mpeg4", {}),
    ".webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
}


def class_frames(index: int, n_classes: int, n_frames: int = N_FRAMES) -> NDArray[np.uint8]:
    """What a class looks like: uint8 [T, H, W, 3], dark and of its hue, with a bright square of that hue that moves."""
    colour = np.array(colorsys.hsv_to_rgb(index / n_classes, 1.0, 1.0))
    frames = np.broadcast_to(80 * colour, (n_frames, HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8)
    side_px = 12
    for number in range(n_frames):
        way = number % N_FRAMES / (N_FRAMES - 1)
        along = way if index % 2 else 1 - way
        down, right = (along, 0.5) if index // 2 % 2 else (0.5, along)
        top, left = round(down * (HEIGHT_PX - side_px)), round(right * (WIDTH_PX - side_px))
        frames[number, top : top + side_px, left : left + side_px] = 255 * colour
    return frames


def _unaltered(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frames


def noisy(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.Generator(np.random.PCG64(0)).normal(0, 20, frames.shape)
    return (frames + noise).clip(0, 255).astype(np.uint8)


def occluded(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    frames = frames.copy()
    frames[:, :, WIDTH_PX // 2 - 4 : WIDTH_PX // 2 + 4] = 0
    return frames


Alteration = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@cache
def _clip_bytes(index: int, n_classes: int, suffix: str, alter: Alteration) -> bytes:
    return _encoded(alter(class_frames(index, n_classes)), suffix)


@cache
def untrimmed_bytes(index: int, n_classes: int, segments: tuple[tuple[float, float], ...], n_frames: int) -> bytes:
    """Grey, but for the segments, which show the class."""
    frames = np.full((n_frames, HEIGHT_PX, WIDTH_PX, 3), 128, np.uint8)
    for start_seconds, end_seconds in segments:
        first, end = round(start_seconds * FRAMES_PER_SECOND), round(end_seconds * FRAMES_PER_SECOND)
        frames[first:end] = class_frames(index, n_classes, end - first)
    return _encoded(frames, ".mp4")


def _encoded(frames: NDArray[np.uint8], suffix: str) -> bytes:
    codec, options = _CODECS[suffix]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{suffix}"
        write_video(path, frames, frames_per_second=FRAMES_PER_SECOND, codec=codec, options=options)
        return path.read_bytes()


def write_clips(
    clips: Iterable[tuple[Path, str]], class_names: Sequence[str], *, alter: Alteration = _unaltered
) -> None:
    """Writes (file, class) rows; a class looks as its place among the class names says."""
    for path, name in clips:
        write_bytes(path, _clip_bytes(class_names.index(name), len(class_names), path.suffix, alter))
