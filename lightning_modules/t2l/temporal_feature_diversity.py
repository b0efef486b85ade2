"""Temporal feature diversity, the loss that makes the frames of a video differ (T2L, section 3.3, Eq. 8 to 11).

The paper leaves open the norm and the edges of Eq. 9; both follow the authors' code: elementwise absolute values, and
the first and last frame replicated once, so at the edges half of the one-sided difference counts. The variance is the
paper's, over T; `unbiased=True` divides by T - 1 and reproduces the authors' number exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor


def temporal_feature_diversity(frame_embeddings: Tensor, *, unbiased: bool = False) -> Tensor:
    """1 / (1 + V + C), with V and C the mean variance and the mean central difference over time.

    Args:
        frame_embeddings: e, not normalized, [B, T, D]; always computed in fp32.
        unbiased: Divide the variance by T - 1 instead of T.

    Returns:
        Scalar in (0, 1]: 1 if all frames are equal. V and C are means over the batch.

    Raises:
        ValueError: Wrong shape, or a single frame with `unbiased`.
    """
    if frame_embeddings.ndim != 3 or frame_embeddings.shape[1] < 1:
        raise ValueError(f"frame embeddings must be [B, T, D] with T >= 1; got {list(frame_embeddings.shape)}")
    n_frames = frame_embeddings.shape[1]
    if unbiased and n_frames < 2:
        raise ValueError("the unbiased variance needs at least 2 frames; got 1")
    with torch.autocast(frame_embeddings.device.type, enabled=False):
        e = frame_embeddings.float()
        variance = e.var(dim=1, correction=1 if unbiased else 0).mean()
        padded = torch.cat([e[:, :1], e, e[:, -1:]], dim=1)
        central_difference = ((padded[:, 2:] - padded[:, :-2]).abs() / 2).mean()
        return 1 / (1 + variance + central_difference)
