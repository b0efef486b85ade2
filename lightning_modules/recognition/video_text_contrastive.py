"""The two contrastive losses that T2L is trained with: over all classes (paper) and over the batch (authors' code)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def all_classes_cross_entropy(logits: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross-entropy of each video against all classes (T2L, Eq. 1), averaged over the videos.

    Args:
        logits: Scaled cosine similarities, [B, C]; computed always in fp32.
        labels: int64 [B], or the probability of each class, [B, C], for mixed videos.
        label_smoothing: Share of the target spread evenly over all classes.

    Returns:
        Scalar.
    """
    with torch.autocast(logits.device.type, enabled=False):
        targets = labels.float() if labels.is_floating_point() else labels
        return functional.cross_entropy(logits.float(), targets, label_smoothing=label_smoothing)


def in_batch_symmetric_kl(logits: Tensor, labels: Tensor, *, sharpness: float = 10.0) -> Tensor:
    """KL divergence between the batch's video-text similarities and the matrix of shared labels, in both directions.

    The loss of the authors' code (after ActionCLIP): the texts are those of the batch's labels, so the negatives are
    only the other classes of the batch, and targets are soft where a label occurs twice.

    Args:
        logits: Scaled cosine similarities of videos and classes, [B, C]; computed always in fp32.
        labels: int64 [B].
        sharpness: Targets are softmax(sharpness * same-label matrix) of each row.

    Returns:
        Scalar: the mean of video-to-text and text-to-video, each summed over a row and averaged over the batch.
    """
    with torch.autocast(logits.device.type, enabled=False):
        pairs = logits.float()[:, labels]  # [B, B]: video i against the text of video j
        targets = (labels[:, None] == labels[None, :]).float().mul(sharpness).softmax(dim=1)
        video_to_text = functional.kl_div(pairs.log_softmax(dim=1), targets, reduction="batchmean")
        text_to_video = functional.kl_div(pairs.T.log_softmax(dim=1), targets, reduction="batchmean")
        return (video_to_text + text_to_video) / 2
