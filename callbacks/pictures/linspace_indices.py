"""Indices at equal distances."""

from __future__ import annotations

import numpy as np


def linspace_indices(n_wanted: int, n: int) -> set[int]:
    """Chooses some of many, from the first to the last at equal distances.

    Args:
        n_wanted: How many.
        n: Of how many.

    Returns:
        Indices below n; all of them where as many or more are wanted.
    """
    return set(np.linspace(0, n - 1, min(n_wanted, n)).round().astype(int).tolist())
