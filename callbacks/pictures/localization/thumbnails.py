"""The frames below a picture of temporal localization: evenly spread over the video."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_N_THUMBNAILS = 9  # as many as fit next to the longest names


def thumbnails(
    frames_at: Callable[[Sequence[float]], Tensor], *, start_seconds: float, end_seconds: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Reads the frames in the middles of nine equal parts of a video.

    Args:
        frames_at: Returns the video's frames at the given times, uint8 [n, 3, H, W].
        start_seconds: When its first frame is shown.
        end_seconds: When its last frame ends.

    Returns:
        The frames, uint8 [9, H, W, 3], and their times in seconds, [9].

    Raises:
        VideoDecodeError: Frames cannot be read.
    """
    shares = (np.arange(_N_THUMBNAILS) + 0.5) / _N_THUMBNAILS
    times = start_seconds + shares * (end_seconds - start_seconds)
    return frames_at(times.tolist()).permute(0, 2, 3, 1).numpy(), times
