"""The middle frames of test clips in exact fractions, as T2L's, mmaction's and BIKE's data code have them."""

from __future__ import annotations

import math
from fractions import Fraction


def middle_frames(n_frames: int, n_samples: int, sampling: str) -> list[int]:
    """0-based frames of a clip of n_samples from a video of n_frames.

    T2L: the centre of the frames i N / T to (i + 1) N / T - 1, rounded down; every frame in turn where N <= T.
    mmaction: half a segment after its start, rounded down, whatever N is. left (BIKE): its start, rounded down.
    """
    length = Fraction(n_frames, n_samples)
    if sampling == "mmaction":
        return [math.floor(i * length + length / 2) for i in range(n_samples)]
    if n_frames <= n_samples or sampling == "left":
        return [math.floor(i * length) for i in range(n_samples)]
    return [math.floor((i * length + (i + 1) * length - 1) / 2) for i in range(n_samples)]
