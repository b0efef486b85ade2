"""The Representation loss: draws frames of the same pseudo-label together (T3AL, 4.3, Eq. 7).

The paper draws z_i and z_j in each step but not how many pairs; here each of the K frames is in two of K pairs, with
its neighbours in a random circle, so no frame is paired with itself and none is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def representation_loss(embeddings: Tensor, order: Tensor) -> Tensor:
    """2 - 2 cos(z_i, z_j), averaged over neighbouring pairs in the circle `order`.

    Args:
        embeddings: z of the positive frames, not normalized, [B, K, D].
        order: Permutations of 0 to K - 1, int64 [B, K].

    Returns:
        [B], from 0 (all frames of a video equal) to 4; 0 for a single frame.
    """
    z = functional.normalize(embeddings, dim=-1).gather(1, order[..., None].expand_as(embeddings))
    if z.shape[1] == 1:
        return 0 * z.sum(dim=(1, 2))  # keeps a gradient, also 0
    return (2 - 2 * (z * z.roll(-1, dims=1)).sum(dim=-1)).mean(dim=1)


def text_representation_loss(embeddings: Tensor, text: Tensor) -> Tensor:
    """The authors' code: sum of 2 - 2 cos(z_i, t) over frames, divided by D instead of K. It is a small number.

    Args:
        embeddings: z of the positive frames, not normalized, [B, K, D].
        text: t of the pseudo-label, unit length, [B, D]; no gradient flows into it.

    Returns:
        [B], from 0 to 4 K / D.
    """
    cosines = torch.einsum("bkd,bd->bk", functional.normalize(embeddings, dim=-1), text.detach())
    return (2 - 2 * cosines).sum(dim=1) / text.shape[-1]
