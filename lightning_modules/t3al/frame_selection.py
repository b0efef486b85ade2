"""Selects the frames of an adaptation step: positives and negatives, spread over time (T3AL, 4.3).

The pools are the 100 K best and the 100 K worst frames, or the better and the worse half if the video is shorter than
both together. Each pool, in temporal order, is thinned to K equally spaced frames, jittered by up to 10 positions.
"""

from __future__ import annotations

import torch
from torch import Tensor

_POOL_FRAMES = 100
_LARGEST_NOISE = 10


def pools(scores: Tensor, n_selected: int, inside: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Pools of frames from which positives and negatives are drawn.

    Args:
        scores: [N], N at least 2; in a tie the earlier ranks higher.
        n_selected: K.
        inside: Frames of the annotated action, bool [N]: the best of these and the worst of the others, if there are
            both. None for the best and worst of all.

    Returns:
        Frame indices in temporal order, int64; equally many of both, at most N / 2, unless `inside` is given.
    """
    ranked = scores.argsort(descending=True, stable=True)
    largest = _POOL_FRAMES * n_selected
    if inside is not None and bool(inside.any()) and not bool(inside.all()):
        is_inside = inside[ranked]
        return ranked[is_inside][:largest].sort().values, ranked[~is_inside][-largest:].sort().values
    n = min(largest, len(ranked) // 2)
    return ranked[:n].sort().values, ranked[len(ranked) - n :].sort().values


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


def smoothing_windows(frames: Tensor, n_frames: int, window: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """The window of frames and weights of a moving average, as in `segments.moving_average`.

    Args:
        frames: Indices, int64 [K].
        n_frames: N, the frames of the video.
        window: Number of frames averaged.
        dtype: Type of the weights.

    Returns:
        Indices int64 [K, window], and weights [K, window], 0 beyond the video's ends and equal elsewhere, summing to 1.
    """
    window = min(window, 2 * n_frames)
    neighbours = frames[:, None] - window // 2 + torch.arange(window, device=frames.device)
    exists = (neighbours >= 0) & (neighbours < n_frames)
    weights = exists.to(dtype)
    return neighbours.clamp(0, n_frames - 1), weights / weights.sum(dim=1, keepdim=True)
