"""The argument `videos` of the Python API: one video, or a list of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from torch import Tensor

from zsar.api.given_videos import Video


def listed_videos(videos: Video | Sequence[Video]) -> tuple[bool, Sequence[Video]]:
    """Whether a caller gives a single video, and the videos as a list; `~` in a path is the home folder.

    Raises:
        TypeError: Something is neither a path nor a tensor of frames.
    """
    if isinstance(videos, str | Path | Tensor):
        return True, [_checked(videos)]
    return False, [_checked(video) for video in (videos if isinstance(videos, Iterable) else [videos])]


def _checked(video: Video) -> Video:
    """A video, with its path expanded."""
    if isinstance(video, Tensor):
        return video
    if isinstance(video, str):
        return os.path.expanduser(video)  # as written otherwise: pathlib would shorten it
    if isinstance(video, Path):
        return video.expanduser()
    raise TypeError(
        f"a video is a path or a tensor of frames uint8 [T, 3, H, W]; got {type(video).__name__} (a NumPy array of "
        "frames becomes one with torch.from_numpy)"
    )
