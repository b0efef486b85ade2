"""Scores of frames against class text, from pre-projection features; projections may be adapted (T3AL, 4.3).

"cosine" is the paper's Eq. 3, without CLIP's temperature; "dot" is the scaled product of text and unnormalized frames.
Neither projects the frames for their products: these are features times the single vector P_v t. Cosines also need the
lengths of the projected frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Similarity = Literal["cosine", "dot"]
Background = Literal["video_mean", "pseudo_label", "none"]
# Units in the last place: more than the observed differences between sums of some hundred products in different orders.
_ROUNDING_STEPS = 16
FRAMES_AT_ONCE = 4096


@dataclass(frozen=True, kw_only=True)
class Projections:
    """The last layers of a CLIP model; T3AL adapts them.

    Attributes:
        visual: P_v, [W, D]; a bias is its last row, and features then end with 1 (`frame_features`).
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


def background_features(features: Tensor, background: Background) -> Tensor:
    """What is subtracted from frame features [N, W] before they are projected: their mean [W], or zeros."""
    return features.mean(dim=0) if background == "video_mean" else features.new_zeros(features.shape[1])


def frame_products(features: Tensor, background: Tensor, text: Tensor, visual: Tensor) -> Tensor:
    """Products t . (f_i - background) P_v of all frames, without projecting any.

    Args:
        features: f, [N, W].
        background: `background_features` of the video, [W].
        text: The unit embedding of the class, t [D].
        visual: P_v, [W, D].

    Returns:
        [N].
    """
    direction = visual @ text
    return features @ direction - background @ direction


def projected_lengths(features: Tensor, background: Tensor, visual: Tensor) -> Tensor:
    """Lengths |(f_i - background) P_v| of frames; arguments as in `frame_products`.

    Returns:
        [N]; infinite for a frame that equals the background but for rounding, so that its cosine is 0.
    """
    lengths = []
    for chunk in features.split(FRAMES_AT_ONCE):
        centred = chunk - background
        nothing = centred.norm(dim=1) <= _ROUNDING_STEPS * torch.finfo(chunk.dtype).eps * chunk.norm(dim=1)
        lengths.append((centred @ visual).norm(dim=1).masked_fill(nothing, float("inf")))
    return torch.cat(lengths)


def without_label(cosines: Tensor, background: Background) -> Tensor:
    """Cosines of text and frames from which the text itself was subtracted, if it is the background.

    Of unit vectors f and t with the cosine c, cos(f - t, t) = (c - 1) / |f - t| = -sqrt((1 - c) / 2).

    Args:
        cosines: c of any shape.
        background: "pseudo_label" for this; all others leave the cosines as they are.
    """
    if background != "pseudo_label":
        return cosines
    return -((1 - cosines) / 2).clamp_min(torch.finfo(cosines.dtype).eps).sqrt()


def frame_scores(
    features: Tensor, text: Tensor, projections: Projections, *, similarity: Similarity, background: Background
) -> Tensor:
    """Scores of all frames.

    Args:
        features: [N, W].
        text: The unit embedding of the class, t [D].
        projections: P_v and the logit scale.
        similarity: "cosine", or the scaled "dot" product with unnormalized frames.
        background: What is subtracted from frames.

    Returns:
        [N].
    """
    mean = background_features(features, background)
    products = frame_products(features, mean, text, projections.visual)
    if similarity == "dot":
        return projections.log_scale.exp() * products
    return without_label(products / projected_lengths(features, mean, projections.visual), background)


def score_rounding(features: Tensor, text: Tensor, projections: Projections, similarity: Similarity) -> float:
    """The largest score difference that rounding can cause between equal frames; arguments as in `frame_scores`."""
    size = features.new_ones(())
    if similarity == "dot":
        size = projections.log_scale.exp() * features.norm(dim=1).amax() * (projections.visual @ text).norm()
    return _ROUNDING_STEPS * torch.finfo(features.dtype).eps * float(size)


def video_cosines(features: Tensor, classes: Tensor, projections: Projections) -> Tensor:
    """Cosines of a video's mean frame and classes.

    Args:
        features: [N, W].
        classes: Unit embeddings, [C, D].
        projections: P_v.

    Returns:
        [C].
    """
    return classes @ functional.normalize(features.mean(dim=0) @ projections.visual, dim=-1)
