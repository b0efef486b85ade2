"""The Separation loss: scores of positive frames apart from those of negative ones (T3AL, 4.3, Eq. 8 to 10).

It is the cosine between scores and targets, so that no factor of all scores, such as CLIP's temperature, changes it.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def separation_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """2 - 2 <s, b> / (|s| |b|).

    Args:
        scores: s, of the positive and then the negative frames, [B, 2K].
        targets: b, of the same frames, [2K]: 1 and 0, or what label smoothing makes of them.

    Returns:
        [B], from 0 to 4; 2 where all scores are 0.
    """
    return 2 - 2 * functional.cosine_similarity(scores, targets[None], dim=1)
