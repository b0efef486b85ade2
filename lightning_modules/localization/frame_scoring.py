"""Scores of frames against class text, from pre-projection features; projections may be adapted (T3AL, 4.3).

Departure: scores are t . (F_i - mean) with unnormalized frames ("dot"), a product of features and the single vector
P_v t, so that no frame is projected; the paper's Eq. 3 is "cosine".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Similarity = Literal["dot", "cosine"]
# Units in the last place: more than the observed differences between sums of some hundred products in different orders.
_ROUNDING_STEPS = 16


@dataclass(frozen=True, kw_only=True)
class Projections:
    """The last layers of a CLIP model; T3AL adapts them.

    Attributes:
        visual: P_v, [W, D].
        text: P_l, [V, D].
        text_bias: [D] if the text projection has one; it is not adapted.
        log_scale: Logarithm of CLIP's logit scale, a scalar.
    """

    visual: Tensor
    text: Tensor
    text_bias: Tensor | None
    log_scale: Tensor

    def embed_classes(self, features: Tensor) -> Tensor:
        """Text features of P prompts of each of C classes, [C, P, V] -> unit embeddings [C, D]."""
        return embed_prompts(features, self.text, self.text_bias)


def embed_prompts(features: Tensor, projection: Tensor, bias: Tensor | None) -> Tensor:
    """The normalized mean of the unit embeddings of P prompts, as CLIP ensembles prompts.

    Args:
        features: Before the projection, [..., P, V].
        projection: P_l, [V, D] or [..., V, D].
        bias: [D] or None.

    Returns:
        Unit vectors, [..., D].
    """
    embedded = features @ projection
    embedded = functional.normalize(embedded if bias is None else embedded + bias, dim=-1)
    return functional.normalize(embedded.mean(dim=-2), dim=-1)


def background_features(features: Tensor, *, removed: bool) -> Tensor:
    """The background subtracted from frame features [N, W] before scoring: their mean [W], or zeros."""
    return features.mean(dim=0) if removed else features.new_zeros(features.shape[1])


def frame_scores(
    features: Tensor, background: Tensor, text: Tensor, projections: Projections, similarity: Similarity
) -> Tensor:
    """Scores of all frames.

    Args:
        features: [N, W].
        background: `background_features` of the video, [W].
        text: The unit embedding of the class, t [D].
        projections: P_v and the logit scale.
        similarity: "dot" product with unnormalized frames, or "cosine", which projects all frames.

    Returns:
        [N].
    """
    scale = projections.log_scale.exp()
    if similarity == "dot":
        direction = projections.visual @ text
        return scale * (features @ direction - background @ direction)
    return scale * functional.normalize((features - background) @ projections.visual, dim=-1) @ text


def score_rounding(features: Tensor, text: Tensor, projections: Projections, similarity: Similarity) -> float:
    """The largest score difference that rounding can cause between equal frames; arguments as in `frame_scores`."""
    size = projections.log_scale.exp()
    if similarity == "dot":
        size = size * features.norm(dim=1).amax() * (projections.visual @ text).norm()
    return _ROUNDING_STEPS * torch.finfo(features.dtype).eps * float(size)
