"""Scorers that compare each frame with the class text by itself: the mean of cosines, and a vote of frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

VOTING_SCALE = 100.0
"""The factor of products in `frame_voting`: CLIP's largest, whatever scale a model has learned."""


def mean_frame_cosine(frames: Tensor, classes: Tensor, logit_scale: Tensor) -> Tensor:
    """The mean over frames of each frame's scaled cosine (Open-VCLIP); `mean_pooled_cosine` takes the mean frame's.

    Args:
        frames: Frame embeddings, not normalized, [B, V, T, D]; each is normalized, their mean is not.
        classes: L2-normalized, [C, P, D], or [B, C, P, D] where each video has its own.
        logit_scale: Factor of the cosines, a scalar.

    Returns:
        float32 [B, V, P, C].
    """
    with torch.autocast(frames.device.type, enabled=False):
        mean = functional.normalize(frames.float(), dim=-1).mean(dim=2)
        of_classes = "bcpd" if classes.ndim == 4 else "cpd"
        return logit_scale.float() * torch.einsum(f"bvd,{of_classes}->bvpc", mean, classes.float())


def frame_voting(frames: Tensor, classes: Tensor) -> Tensor:
    """The mean over frames of each frame's softmax over classes of 100 f_t . e_c (BIKE's full- and half-class tests).

    The frames are not normalized. As their length is about 10 for CLIP, each softmax is nearly one vote.

    Args:
        frames: Frame embeddings, not normalized, [B, V, T, D].
        classes: L2-normalized, [C, P, D], or [B, C, P, D] where each video has its own.

    Returns:
        Log-probabilities, float32 [B, V, P, C].
    """
    with torch.autocast(frames.device.type, enabled=False):
        of_classes = "bcpd" if classes.ndim == 4 else "cpd"
        products = VOTING_SCALE * torch.einsum(f"bvtd,{of_classes}->bvptc", frames.float(), classes.float())
        return products.log_softmax(dim=-1).logsumexp(dim=3) - math.log(frames.shape[2])
