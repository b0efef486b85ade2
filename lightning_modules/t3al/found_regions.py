"""The segments of a pseudo-label, and what a set of classes makes of the segments of its pseudo-labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.localization.contract import (
    Detection,
    Localization,
    ScoreCurve,
    UntrimmedFeatures,
    sort_by_start,
)
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.t3al.final_scores import final_scores
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, TunedProjections
from zsar.lightning_modules.t3al.region_proposals import RegionProposals, propose_regions
from zsar.lightning_modules.t3al.segment_scores.scored_segments import SegmentScore, scored_segments

RegionClass = Literal["nearest", "pseudo_label"]


@dataclass(frozen=True)
class FoundRegions:
    """The segments of one pseudo-label in one video, independent of the set's other classes.

    Attributes:
        label: Index of the pseudo-label in the union.
        curve: Scores [N], from 0 to 1, on the CPU.
        threshold: Of the segments, on the curve.
        segments: M segments; `localization_of` gives them their score.
        scores: Of each segment, its scores that do not depend on the set, by name.
        cosines: Cosines of their mean frames and all classes of the union, [M, U], on the CPU.
        scale: CLIP's logit scale, by which cosines become logits.
        kept: Whether text-guided suppression keeps each.
        n_steps: Adaptation updates.
    """

    label: int
    curve: Tensor
    threshold: float
    segments: tuple[Segment, ...]
    scores: tuple[Mapping[str, float], ...]
    cosines: Tensor
    scale: float
    kept: tuple[bool, ...]
    n_steps: int


def find_regions(
    video: UntrimmedFeatures,
    label: int,
    text_features: Tensor,
    tuned: TunedProjections,
    *,
    tuning: ProjectionTuning,
    proposals: RegionProposals,
    scores: Collection[str],
    prototype: Tensor | None = None,
) -> FoundRegions:
    """Finds the segments of a pseudo-label.

    Args:
        video: The video.
        label: Index of the pseudo-label in the union of classes.
        text_features: Of the prompts of all classes of the union, before the text projection, [U, P, V].
        tuned: The projections that are adapted to both.
        tuning: Which scores the curve has.
        proposals: How frames become segments.
        scores: The scores that segments get; the probability, which depends on the set, may be among them.
        prototype: A unit vector [D] that frames are compared with instead of the label's text; None for the text.

    Returns:
        The segments, all of them kept.
    """
    projections = tuned.projections
    classes = projections.embed_classes(text_features)
    looked_for = classes[label] if prototype is None else prototype
    of_frames, rounding = final_scores(video.features, looked_for, projections, tuning)
    found = propose_regions(of_frames, video, proposals, rounding=rounding)
    means = [video.features[s.first_frame : s.last_frame + 1].mean(dim=0) for s in found.segments]
    embedded = functional.normalize(torch.stack(means) @ projections.visual, dim=-1) if means else None
    return FoundRegions(
        label=label,
        curve=found.curve,
        threshold=found.threshold,
        segments=found.segments,
        scores=scored_segments(
            found.segments,
            scores,
            curve=found.curve,
            video=video,
            text=looked_for,
            projections=projections,
            tuning=tuning,
        ),
        cosines=torch.empty(0, len(classes)) if embedded is None else (embedded @ classes.T).cpu(),
        scale=float(projections.log_scale.exp()),
        kept=(True,) * len(found.segments),
        n_steps=tuned.n_steps,
    )


def localization_of(
    regions: Sequence[FoundRegions],
    members: Tensor,
    *,
    region_class: RegionClass,
    segment_score: SegmentScore,
    n_regions: int | None,
    compares_scores: bool = False,
) -> Localization:
    """Assigns the classes of a set to segments.

    Args:
        regions: The regions of each pseudo-label of the set.
        members: The set's classes, as indices into the union, int64 [C].
        region_class: Whether a segment gets the class nearest to its mean frame, or the pseudo-label.
        segment_score: "probability" scores a segment by the softmax of its scaled cosines over the set's classes, at
            its class; others by that of its `scores`.
        n_regions: Number of segments to keep, those most similar to their pseudo-label (the paper's oracle count);
            None to keep those left by text-guided suppression.
        compares_scores: Whether detections have all of their scores, to compare them.

    Returns:
        Segments with their classes, suppressed ones and curves.
    """
    places = members.tolist()
    candidates: list[tuple[Detection, bool, float]] = []
    for of_label in regions:
        segments = zip(of_label.segments, of_label.scores, of_label.cosines, of_label.kept, strict=True)
        for segment, of_segment, cosines, is_kept in segments:
            label = _class_of(of_label.label, cosines, places, [r.label for r in regions], region_class=region_class)
            if label is None:
                continue
            logits = of_label.scale * cosines[places].double()
            scores = {"probability": float(logits.softmax(dim=0)[label]), **of_segment}
            segment = replace(segment, score=scores[segment_score])
            found = Detection(segment, label, scores if compares_scores else {})
            candidates.append((found, is_kept, float(cosines[of_label.label])))
    if n_regions is not None:
        best = sorted(range(len(candidates)), key=lambda i: -candidates[i][2])[:n_regions]
        candidates = [(detection, i in best, cosine) for i, (detection, _, cosine) in enumerate(candidates)]
    return Localization(
        detections=sort_by_start([detection for detection, is_kept, _ in candidates if is_kept]),
        suppressed=sort_by_start([detection for detection, is_kept, _ in candidates if not is_kept]),
        curves=tuple(ScoreCurve(places.index(r.label), r.curve, r.threshold) for r in regions),
        n_steps=sum(r.n_steps for r in regions),
        pseudo_labels=tuple(places.index(r.label) for r in regions),
    )


def _class_of(
    label: int, cosines: Tensor, places: list[int], labels: Sequence[int], *, region_class: RegionClass
) -> int | None:
    """The class of a segment, as an index into the set; None if another pseudo-label is nearer to it."""
    index = places.index(label)
    if region_class == "pseudo_label":
        return index
    if len(labels) > 1:
        return index if label == max(labels, key=lambda candidate: float(cosines[candidate])) else None
    return int(cosines[places].argmax())
