"""Lines of many points: as few of them as look the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


def decimated(times_seconds: _Floats, scores: _Floats, *, most_points: int) -> tuple[_Floats, _Floats]:
    """Few enough points for a line, with all that can be seen of it: the lowest and the highest of each stretch.

    Args:
        times_seconds: [N].
        scores: [N].
        most_points: How many to keep at most, at least 4.

    Returns:
        Times and scores, each [M], M <= most_points, in their order, the first and the last frame among them; all where
        there are no more than that.

    Raises:
        ValueError: Fewer than 4 points are wanted.
    """
    if most_points < 4:
        raise ValueError(f"the ends, the lowest and the highest are 4 points; got most_points {most_points}")
    n = len(scores)
    if n <= most_points:
        return times_seconds, scores
    kept = {0, n - 1}
    # One stretch less than would do, for the first and the last.
    edges = np.linspace(0, n, most_points // 2).astype(int).tolist()
    for start, stop in pairwise(edges):
        kept |= {start + int(scores[start:stop].argmin()), start + int(scores[start:stop].argmax())}
    indices = sorted(kept)
    return times_seconds[indices], scores[indices]
