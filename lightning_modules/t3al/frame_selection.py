"""Selects the frames of an adaptation step: positives and negatives, spread over time (T3AL, 4.3).

The pools are the 100 K best and the 100 K worst frames, each thinned to K frames that are spread over time and moved by
a little noise ("slight perturbation"). The paper does not say what happens in a video of fewer than 200 K frames, nor
how the frames are spread; both options are named in `projection_tuning`.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from zsar.lightning_modules.localization.segments import Edges, reach_back

Pools = Literal["halves", "overlapping"]
Thinning = Literal["middles", "ends"]

_POOL_FRAMES = 100
_LARGEST_NOISE = 10


def pool_sizes(
    n_frames: int, n_selected: int, inside: Tensor | None = None, *, rule: Pools = "halves"
) -> list[tuple[Tensor | None, int, int]]:
    """Which frames compete for the two pools, and how many are taken.

    Args:
        n_frames: N, at least 2.
        n_selected: K.
        inside: Frames of the annotated action, bool [N]: the best of these and the worst of the others, if there are
            both. None for the best and worst of all.
        rule: Of a video of fewer than 200 K frames, "halves" takes the better and the worse half, and "overlapping"
            100 K of either end, up to all, as the authors' code does.

    Returns:
        For positives, then negatives: the competing frames, bool [N] or None for all; the number taken; and 1 for the
        best or -1 for the worst.
    """
    largest = _POOL_FRAMES * n_selected
    if inside is not None and bool(inside.any()) and not bool(inside.all()):
        n_inside = int(inside.sum())
        return [(inside, min(largest, n_inside), 1), (~inside, min(largest, n_frames - n_inside), -1)]
    n = min(largest, n_frames // 2 if rule == "halves" else n_frames)
    return [(None, n, 1), (None, n, -1)]


def pools(
    scores: Tensor, n_selected: int, inside: Tensor | None = None, *, rule: Pools = "halves"
) -> tuple[Tensor, Tensor]:
    """Pools of frames from which positives and negatives are drawn; arguments as in `pool_sizes`.

    Args:
        scores: [N]; in a tie the earlier ranks higher.
        n_selected: K.
        inside: Frames of the annotated action, bool [N], or None.
        rule: "halves" or "overlapping".

    Returns:
        Frame indices in temporal order, int64.
    """
    ranked = scores.argsort(descending=True, stable=True)
    found = []
    for members, n, sign in pool_sizes(len(scores), n_selected, inside, rule=rule):
        of_members = ranked if members is None else ranked[members[ranked]]
        found.append((of_members[:n] if sign > 0 else of_members[len(of_members) - n :]).sort().values)
    return found[0], found[1]


def spread(pool: Tensor, draws: Tensor, n_frames: int, *, thinning: Thinning = "middles") -> Tensor:
    """Thins a pool to K frames.

    Args:
        pool: Frame indices in temporal order, int64 [n], n at least 1.
        draws: Random numbers in [0, 1), [K].
        n_frames: N, the frames of the video.
        thinning: "middles" takes the `places` of the pool. "ends", as the authors' code, takes K evenly spaced places,
            the first and the last among them, and moves the frames by up to 10: these need not be in the pool.

    Returns:
        Frame indices, int64 [K].
    """
    if thinning == "middles":
        return pool[places(len(pool), draws)]
    k = len(draws)
    evenly = torch.arange(k, device=pool.device) * (len(pool) - 1) // max(k - 1, 1)
    noise = (draws * (2 * _LARGEST_NOISE + 1)).floor().long() - _LARGEST_NOISE
    return (pool[evenly] + noise).clamp(0, n_frames - 1)


def places(n_pool: int, draws: Tensor) -> Tensor:
    """Draws K positions in a pool: the middles of K equal parts, each jittered by less than half a part.

    Args:
        n_pool: Number of frames in the pool, at least 1; with fewer than K, some are taken several times.
        draws: Random numbers in [0, 1), [K].

    Returns:
        Increasing, int64 [K].
    """
    k = len(draws)
    noise = min(_LARGEST_NOISE, max(0, (n_pool // k - 1) // 2))
    # floor((j + 1/2) n / K) in integers: rounding must not move a frame.
    middles = (2 * torch.arange(k, device=draws.device) + 1) * n_pool // (2 * k)
    return middles + (draws * (2 * noise + 1)).floor().long() - noise


def smoothing_windows(
    frames: Tensor, n_frames: int, window: int, dtype: torch.dtype, *, edges: Edges = "cut"
) -> tuple[Tensor, Tensor]:
    """The window of frames and weights of a moving average, as in `segments.moving_average`.

    Args:
        frames: Indices, int64 [K].
        n_frames: N, the frames of the video.
        window: Number of frames averaged.
        dtype: Type of the weights.
        edges: How the ends of the video are treated.

    Returns:
        Indices int64 [K, window], and weights [K, window] that sum to 1: equal ones, but 0 beyond the video's ends if
        edges are "cut".
    """
    if edges == "cut":
        window = min(window, 2 * n_frames)
    neighbours = frames[:, None] - reach_back(window, edges) + torch.arange(window, device=frames.device)
    exists = (neighbours >= 0) & (neighbours < n_frames)
    weights = (exists | (edges == "repeated")).to(dtype)
    return neighbours.clamp(0, n_frames - 1), weights / weights.sum(dim=1, keepdim=True)
