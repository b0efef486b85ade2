"""The Separation loss: separates the scores of positive and negative frames (T3AL, 4.3, Eq. 8 to 10).

It is based on the direction of the vector of scores, so a common factor such as CLIP's temperature has no effect.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def separation_targets(n_selected: int, *, smoothing: float = 0.0) -> Tensor:
    """The vector b / |b| of Eq. 9, K ones and K zeros as a unit vector, possibly with label smoothing.

    Args:
        n_selected: K.
        smoothing: e; the targets are (1 - e) b / |b| + e / 2K, as in the authors' code, whose length is not 1.

    Returns:
        float64 [2K].
    """
    b = torch.tensor([1.0, 0.0], dtype=torch.float64).repeat_interleave(n_selected)
    return (1 - smoothing) * b / b.norm() + smoothing / len(b)


def separation_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """2 - 2 <s, b> / (|s| |b|).

    Args:
        scores: s of the positive, then the negative frames, [B, 2K].
        targets: b / |b| of the same frames, [2K], as `separation_targets` gives them.

    Returns:
        [B], from 0 to 4; 2 if all scores are 0.
    """
    return 2 - 2 * functional.normalize(scores, dim=1, eps=1e-8) @ targets
