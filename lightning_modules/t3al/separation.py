"""The Separation loss: separates the scores of positive and negative frames (T3AL, 4.3, Eq. 8 to 10).

It is based on the cosine between scores and targets, so a common factor such as CLIP's temperature has no effect.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def separation_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """2 - 2 <s, b> / (|s| |b|).

    Args:
        scores: s of the positive, then the negative frames, [B, 2K].
        targets: b of the same frames, [2K]: 1 and 0, possibly with label smoothing.

    Returns:
        [B], from 0 to 4; 2 if all scores are 0.
    """
    return 2 - 2 * functional.cosine_similarity(scores, targets[None], dim=1)
