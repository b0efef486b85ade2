"""The plain scorer: cosine similarity of the mean frame embedding and each class embedding."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def mean_pooled_cosine(frame_embeddings: Tensor, class_embeddings: Tensor, logit_scale: Tensor) -> Tensor:
    """Scores each view of each video against each prompt of each class, in fp32.

    Args:
        frame_embeddings: Not normalized, [B, V, T, D]; the mean over T is normalized, not the frames (T2L, ViFi-CLIP).
        class_embeddings: L2-normalized, [C, P, D], or [B, C, P, D] where each video has its own.
        logit_scale: Factor of the cosine similarities, a scalar.

    Returns:
        float32 [B, V, P, C].
    """
    with torch.autocast(frame_embeddings.device.type, enabled=False):
        views = functional.normalize(frame_embeddings.float().mean(dim=2), dim=-1)
        of_classes = "bcpd" if class_embeddings.ndim == 4 else "cpd"
        return logit_scale.float() * torch.einsum(f"bvd,{of_classes}->bvpc", views, class_embeddings.float())


def average_probabilities(scores: Tensor) -> Tensor:
    """Averages class probabilities over views and prompts, with a separate softmax for each.

    Args:
        scores: [B, V, P, C].

    Returns:
        Logits [B, C]: the logarithm of the mean probabilities; with one view and one prompt the scores themselves.
    """
    _, n_views, n_prompts, _ = scores.shape
    if n_views * n_prompts == 1:
        return scores[:, 0, 0]
    return scores.log_softmax(dim=-1).flatten(1, 2).logsumexp(dim=1) - math.log(n_views * n_prompts)


def weighted_views(scores: Tensor, weights: Tensor) -> Tensor:
    """Averages class probabilities with a weight for each view.

    Args:
        scores: Logits of each view, [B, V, C].
        weights: [B, V], at least 0 and summing to 1.

    Returns:
        The logarithm of the mean probabilities, [B, C]; differentiable in the scores, also where weights are 0.
    """
    counts = (weights > 0)[..., None]
    logarithm = torch.where(counts, weights.clamp(min=torch.finfo(weights.dtype).tiny).log()[..., None], -math.inf)
    return (scores.log_softmax(dim=-1) + logarithm).logsumexp(dim=1)
