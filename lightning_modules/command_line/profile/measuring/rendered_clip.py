"""A rendered video for measuring where a data set's own are not on this machine: 10 s of 340 x 256 px in H.264.

That is how Kinetics-400 is commonly stored for training. It has one keyframe and a picture that moves, with grain.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.writing.encoding import write_video

SECONDS, FRAMES_PER_SECOND = 10, 25
WIDTH_PX, HEIGHT_PX = 340, 256
DESCRIPTION = f"a rendered video of {SECONDS} s, {WIDTH_PX}x{HEIGHT_PX} px, {FRAMES_PER_SECOND} frames/s, H.264"

_NAME = "rendered.mp4"
_GRAIN = 6  # levels of 255
_SQUARE_PX = 64
_X264 = {"crf": "23", "preset": "veryfast", "x264-params": "mbtree=0"}  # crf 23 is x264's default


def render_clip(folder: Path) -> Path:
    """Writes the video; the same one each time.

    Args:
        folder: An existing folder.

    Returns:
        Its path.
    """
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:HEIGHT_PX, 0 : WIDTH_PX + SECONDS * FRAMES_PER_SECOND]
    waves = [np.sin((columns * (k + 1) + rows * (3 - k)) / 40) for k in range(3)]
    grain = random.integers(-_GRAIN, _GRAIN + 1, (*rows.shape, 3))
    wall = np.clip(128 + 90 * np.stack(waves, axis=-1) + grain, 0, 255).astype(np.uint8)
    frames = np.stack([wall[:, at : at + WIDTH_PX] for at in range(SECONDS * FRAMES_PER_SECOND)])  # a pan over it
    for number, frame in enumerate(frames):  # a square that falls
        top = number * (HEIGHT_PX - _SQUARE_PX) // len(frames)
        frame[top : top + _SQUARE_PX, _SQUARE_PX : 2 * _SQUARE_PX] = 255
    write_video(folder / _NAME, frames, frames_per_second=FRAMES_PER_SECOND, options=_X264)
    return folder / _NAME


def table_of(video: Path, n: int) -> VideoTable:
    """A list of one video, n times."""
    return VideoTable(video.parent, [video.name] * n, [0] * n, keys=[f"{i}" for i in range(n)])
