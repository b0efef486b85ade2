"""What tuning minimizes: the entropy of the mean prediction of a video's confident views (TPT; DTS-TPT, Eq. 3 to 5).

Confidence selection keeps the views whose predictions have the lowest entropy; averaged entropy is that of their mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zsar.lightning_modules.recognition.mean_pooled_cosine import weighted_views


def n_confident(weights: Tensor, share: float) -> int:
    """How many views are kept: floor of a share of their number, at least 1.

    Args:
        weights: For how many views each of V views stands, [V].
        share: The share to keep, above 0 and at most 1.
    """
    return max(1, int(float(weights.sum()) * share + 1e-6))  # 0.29 * 100 is just below 29 in floating point


def confident_views(log_probabilities: Tensor, weights: Tensor, share: float) -> Tensor:
    """Chooses the most confident views of each video.

    Args:
        log_probabilities: [B, V, C].
        weights: For how many views each view stands, [V]; 0 for one that is not to be chosen.
        share: The share of all views to keep, above 0 and at most 1.

    Returns:
        For how many of the kept views each view stands, [B, V]; rows sum to `n_confident`. Of equally confident views
        the first is taken, and of a view that stands for several as many as are needed.
    """
    order = entropy(log_probabilities).masked_fill(weights == 0, torch.inf).argsort(dim=1, stable=True)
    ordered = weights[order]
    before = ordered.cumsum(dim=1) - ordered
    kept = (n_confident(weights, share) - before).clamp(min=0).minimum(ordered)
    return torch.zeros_like(kept).scatter(1, order, kept)


def averaged_entropy(scores: Tensor, kept: Tensor) -> Tensor:
    """H(p_bar) with p_bar the mean of the softmax probabilities of the kept views, in fp32.

    Args:
        scores: Logits or log-probabilities of each view, [B, V, C].
        kept: For how many of the kept views each view stands, [B, V]; 0 for those that are left out.

    Returns:
        Nats, [B].
    """
    return entropy(weighted_views(scores.float(), kept / kept.sum(dim=1, keepdim=True)))


def entropy(log_probabilities: Tensor) -> Tensor:
    """Entropy in nats: [..., C] -> [...]. A probability of 0 adds 0."""
    finite = log_probabilities.clamp(min=torch.finfo(log_probabilities.dtype).min)
    return -(log_probabilities.exp() * finite).sum(dim=-1)
