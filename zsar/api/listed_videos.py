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
    one = isinstance(videos, str | Path | Tensor)
    listed = [videos] if one or not isinstance(videos, Iterable) else list(videos)
    for video in listed:
        if not isinstance(video, str | Path | Tensor):
            raise TypeError(
                f"a video is a path or a tensor of frames uint8 [T, 3, H, W]; got a {type(video).__name__} (a NumPy "
                "array of frames becomes one with torch.from_numpy)"
            )
    return one, [video if isinstance(video, Tensor) else type(video)(os.path.expanduser(video)) for video in listed]
