"""The objective of tuning: the entropy of the mean prediction of a video's confident views (TPT; DTS-TPT, Eq. 3 to 5).

Confidence selection keeps the views whose predictions have the lowest entropy; averaged entropy is that of their mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import weighted_views


def n_confident(weights: Tensor, share: float) -> int:
    """Number of selected views: floor of a share of all views, at least 1.

    Args:
        weights: Multiplicity of each view, [V].
        share: Share to select, above 0 and at most 1.
    """
    return max(1, int(float(weights.sum()) * share + 1e-6))  # 0.29 * 100 is just below 29 in floating point


def confident_views(log_probabilities: Tensor, weights: Tensor, share: float) -> Tensor:
    """Selects the most confident views of each video.

    Args:
        log_probabilities: [B, V, C].
        weights: Multiplicity of each view, [V]; 0 to exclude a view.
        share: Share of all views to select, above 0 and at most 1.

    Returns:
        Selected multiplicity of each view, [B, V]; rows sum to `n_confident`. Of equally confident views the first is
        selected; a view with a multiplicity may be selected in part.
    """
    return most_certain(entropy(log_probabilities), weights, share)


def most_certain(entropies: Tensor, weights: Tensor, share: float) -> Tensor:
    """Selects the views of lowest entropy, as `confident_views` does, which computes the entropies.

    Args:
        entropies: Of each view, [B, V].
        weights: Multiplicity of each view, [V]; 0 to exclude a view.
        share: Share of all views to select, above 0 and at most 1.

    Returns:
        Selected multiplicity of each view, [B, V].
    """
    order = entropies.masked_fill(weights == 0, torch.inf).argsort(dim=1, stable=True)
    ordered = weights[order]
    before = ordered.cumsum(dim=1) - ordered
    selected = (n_confident(weights, share) - before).clamp(min=0).minimum(ordered)
    return torch.zeros_like(selected).scatter(1, order, selected)


def averaged_entropy(scores: Tensor, selected: Tensor) -> Tensor:
    """H(p_bar) with p_bar the mean of the softmax probabilities of the selected views, at least in fp32.

    Args:
        scores: Logits or log-probabilities of each view, [B, V, C].
        selected: Selected multiplicity of each view, [B, V]; 0 for views that are left out.

    Returns:
        Entropy in nats, [B].
    """
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    return entropy(weighted_views(scores, selected / selected.sum(dim=1, keepdim=True)))


def entropy(log_probabilities: Tensor) -> Tensor:
    """Entropy in nats: [..., C] -> [...]. Probabilities of 0 contribute 0."""
    finite = log_probabilities.clamp(min=torch.finfo(log_probabilities.dtype).min)
    return -(log_probabilities.exp() * finite).sum(dim=-1)
