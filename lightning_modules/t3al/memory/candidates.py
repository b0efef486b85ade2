"""Candidates: what a video adds to the prototype of its class (LLT)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import (
    Background,
    Projections,
    background_features,
    frame_scores,
    video_cosines,
)


@dataclass(frozen=True)
class Candidate:
    """What a video shows of its class in one set of classes.

    Attributes:
        label: The class, as an index into the union.
        doubt: -ln xi, at least 0; xi is the probability of the class among those of the set. Unlike xi it tells videos
            apart that are nearly certain.
        embedding: z, the mean of the easy frames, [D] on the CPU; None if all frames are the same, so that nothing is
            left of them without the background.
    """

    label: int
    doubt: float
    embedding: Tensor | None


def n_easy_frames(n_frames: int, share: float) -> int:
    """max(1, floor(share N)), with the share as it is written: 0.29 of 100 frames are 29."""
    return max(1, math.floor(Fraction(repr(share)) * n_frames))


def doubt_of(cosines: Tensor, label: int, scale: float) -> float:
    """-ln xi of a class.

    Args:
        cosines: Of the video's mean frame and the classes of a set, [C].
        label: Index of the class in the set.
        scale: CLIP's logit scale.
    """
    margins = scale * (cosines - cosines[label]).double()
    others = torch.cat([margins[:label], margins[label + 1 :]])
    return float(functional.softplus(others.logsumexp(dim=0)))  # -ln(1 / (1 + sum exp)), without rounding xi to 1


def easy_embedding(
    features: Tensor, text: Tensor, projections: Projections, *, background: Background, share: float
) -> Tensor | None:
    """z: the mean of the frames that are most similar to a class, each without the background.

    Args:
        features: [N, W].
        text: The unit embedding of the class, y [D].
        projections: P_v.
        background: What is subtracted from frames, for the similarity and in the mean; "video_mean" or "none".
        share: The share of frames.

    Returns:
        [D]; None if all frames are the same but for rounding.
    """
    cosines = frame_scores(features, text, projections, similarity="cosine", background=background)
    if not cosines.any():
        return None
    easy = cosines.argsort(descending=True, stable=True)[: n_easy_frames(len(features), share)]
    return (features[easy] - background_features(features, background)).mean(dim=0) @ projections.visual


def candidates_of(
    video: UntrimmedFeatures,
    labels: Mapping[int, Sequence[int]],
    union: ClassUnion,
    projections: Projections,
    *,
    background: Background,
    share: float,
) -> dict[int, Candidate]:
    """The candidates of a video.

    Args:
        video: The video.
        labels: Its pseudo-label in each set, the first of one, as an index into the union.
        union: The classes of all sets.
        projections: The model's.
        background: What is subtracted from frames.
        share: The share of easy frames.

    Returns:
        One for each set; sets with the same pseudo-label share the embedding, not the doubt.
    """
    classes = projections.embed_classes(union.features)
    cosines = video_cosines(video.features, classes, projections)
    scale = float(projections.log_scale.exp())
    embeddings: dict[int, Tensor | None] = {}
    candidates = {}
    for index, (label, *_) in labels.items():
        if label not in embeddings:
            z = easy_embedding(video.features, classes[label], projections, background=background, share=share)
            embeddings[label] = None if z is None else z.cpu()
        members = union.members[index]
        doubt = doubt_of(cosines[members], members.tolist().index(label), scale)
        candidates[index] = Candidate(label, doubt, embeddings[label])
    return candidates
