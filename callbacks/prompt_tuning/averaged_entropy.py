"""Averaged entropy: the entropy of the mean prediction of several views, what tuning minimizes (DTS-TPT, Eq. 3, 4)."""

from __future__ import annotations

from torch import Tensor

from zsar.callbacks.prompt_tuning.confidence_selection import entropy
from zsar.lightning_modules.recognition.mean_pooled_cosine import weighted_views


def averaged_entropy(scores: Tensor, kept: Tensor) -> Tensor:
    """H(p_bar) with p_bar the mean of the softmax probabilities of the kept views, in fp32.

    Args:
        scores: Logits or log-probabilities of each view, [B, V, C].
        kept: For how many of the kept views each view stands, [B, V]; 0 for those that are left out.

    Returns:
        Nats, [B].
    """
    return entropy(weighted_views(scores.float(), kept / kept.sum(dim=1, keepdim=True)))
