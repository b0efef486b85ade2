"""Turns the segments of pseudo-labels into the localization for one set of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from zsar.lightning_modules.localization.contract import Detection, Localization, ScoreCurve, sort_by_start
from zsar.lightning_modules.localization.segments import Segment

RegionClass = Literal["nearest", "pseudo_label"]
SegmentScore = Literal["probability", "mean", "max"]


@dataclass(frozen=True)
class FoundRegions:
    """The segments of one pseudo-label in one video, independent of the set's other classes.

    Attributes:
        label: Index of the pseudo-label in the union.
        curve: Scores [N], from 0 to 1, on the CPU.
        threshold: Of the segments, on the curve.
        segments: M segments.
        cosines: Cosines of their mean frames and all classes of the union, [M, U], on the CPU.
        scale: CLIP's logit scale, by which cosines become logits.
        kept: Whether text-guided suppression keeps each.
        n_steps: Adaptation updates.
    """

    label: int
    curve: Tensor
    threshold: float
    segments: tuple[Segment, ...]
    cosines: Tensor
    scale: float
    kept: tuple[bool, ...]
    n_steps: int


def localization_of(
    regions: Sequence[FoundRegions],
    members: Tensor,
    *,
    region_class: RegionClass,
    segment_score: SegmentScore,
    n_regions: int | None,
) -> Localization:
    """Assigns the classes of a set to segments.

    Args:
        regions: The regions of each pseudo-label of the set.
        members: The set's classes, as indices into the union, int64 [C].
        region_class: Whether a segment gets the class nearest to its mean frame, or the pseudo-label.
        segment_score: "probability" scores a segment by the softmax of its scaled cosines over the set's classes, at
            its class; "mean" and "max" leave the score of the curve.
        n_regions: Number of segments to keep, those most similar to their pseudo-label (the paper's oracle count);
            None to keep those left by text-guided suppression.

    Returns:
        Segments with their classes, suppressed ones and curves.
    """
    places = members.tolist()
    candidates: list[tuple[Detection, bool, float]] = []
    for of_label in regions:
        for segment, cosines, is_kept in zip(of_label.segments, of_label.cosines, of_label.kept, strict=True):
            label = _class_of(of_label.label, cosines, places, [r.label for r in regions], region_class=region_class)
            if label is None:
                continue
            if segment_score == "probability":
                logits = of_label.scale * cosines[places].double()
                segment = replace(segment, score=float(logits.softmax(dim=0)[label]))
            candidates.append((Detection(segment, label), is_kept, float(cosines[of_label.label])))
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
