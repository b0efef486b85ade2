"""Fewer points of a long curve, which looks the same when drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_POINTS = 600
"""About as many as a chart has pixels."""


def thinned(xs: Sequence[float], ys: Sequence[float], most: int = MOST_POINTS) -> tuple[list[float], list[float]]:
    """Keeps the lowest and the highest point of each stretch, the first and the last one.

    Args:
        xs: Ascending positions, [N].
        ys: Values, [N]; gaps (NaN) stay, one for each stretch that has any.
        most: The greatest number of points to return, at least 4.

    Returns:
        Positions and values of the kept points; all if there are at most `most`.
    """
    n = len(xs)
    if n <= most:
        return list(xs), list(ys)
    n_stretches = (most - 2) // 3
    kept = {0, n - 1}
    for k in range(n_stretches):
        stretch = range(k * n // n_stretches, (k + 1) * n // n_stretches)
        finite = [i for i in stretch if math.isfinite(ys[i])]
        if finite:
            kept |= {min(finite, key=ys.__getitem__), max(finite, key=ys.__getitem__)}
        kept |= set([i for i in stretch if not math.isfinite(ys[i])][:1])
    return [xs[i] for i in sorted(kept)], [ys[i] for i in sorted(kept)]
