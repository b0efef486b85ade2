"""The learning rate of timm's CosineLRScheduler in steps, without warmup_prefix, as documented."""

from __future__ import annotations

import math


def timm_rate(t: int, *, peak: float, lowest: float, n_steps: int, n_warmup: int, warmup_start: float = 0.0) -> float:
    """The rate at step t (0-based) of n_steps, one cycle.

    In warm-up the rate rises linearly from warmup_start; the peak itself would be reached at t = n_warmup, where the
    cosine, which began at t = 0, has long been falling.
    """
    if t < n_warmup:
        return warmup_start + t * (peak - warmup_start) / n_warmup
    if t >= n_steps:
        return lowest
    return lowest + 0.5 * (peak - lowest) * (1 + math.cos(math.pi * t / n_steps))
