"""From what was found of each pseudo-label in a video to what a set of classes makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from zsar.lightning_modules.localization.contract import Detection, Localization, ScoreCurve, sort_by_start
from zsar.lightning_modules.localization.segments import Segment

RegionClass = Literal["nearest", "pseudo_label"]


@dataclass(frozen=True)
class FoundRegions:
    """What was found of one pseudo-label in one video, whatever the other classes of a set are.

    Attributes:
        label: The pseudo-label's place in the union.
        curve: Scores [N], from 0 to 1, on the CPU.
        segments: M segments.
        cosines: Of their mean frames and all classes of the union, [M, U], on the CPU.
        kept: Which of them text-guided suppression leaves.
        n_steps: Updates of the adaptation.
    """

    label: int
    curve: Tensor
    segments: tuple[Segment, ...]
    cosines: Tensor
    kept: tuple[bool, ...]
    n_steps: int


def localization_of(
    regions: Sequence[FoundRegions], members: Tensor, *, region_class: RegionClass, n_regions: int | None
) -> Localization:
    """Names segments by the classes of a set.

    Args:
        regions: What was found of each pseudo-label of the set.
        members: The set's classes, as places in the union, int64 [C].
        region_class: Segments are named after the class nearest to their mean frame, or after the pseudo-label.
        n_regions: How many segments are kept, those most similar to their pseudo-label (the paper's oracle of the
            count); None to keep those that text-guided suppression leaves.

    Returns:
        Segments with their classes, suppressed ones and curves.
    """
    places = members.tolist()
    found: list[tuple[Detection, bool, float]] = []
    for of_label in regions:
        for segment, cosines, kept in zip(of_label.segments, of_label.cosines, of_label.kept, strict=True):
            label = _class_of(of_label.label, cosines, places, [r.label for r in regions], region_class=region_class)
            if label is not None:
                found.append((Detection(segment, label), kept, float(cosines[of_label.label])))
    if n_regions is not None:
        best = sorted(range(len(found)), key=lambda i: -found[i][2])[:n_regions]
        found = [(detection, i in best, cosine) for i, (detection, _, cosine) in enumerate(found)]
    return Localization(
        detections=sort_by_start([detection for detection, kept, _ in found if kept]),
        suppressed=sort_by_start([detection for detection, kept, _ in found if not kept]),
        curves=tuple(ScoreCurve(places.index(r.label), r.curve, float(r.curve.double().mean())) for r in regions),
        n_steps=sum(r.n_steps for r in regions),
    )


def _class_of(
    label: int, cosines: Tensor, places: list[int], labels: Sequence[int], *, region_class: RegionClass
) -> int | None:
    """The class of a segment, as an index into the set; None where another pseudo-label is nearer to it."""
    own = places.index(label)
    if region_class == "pseudo_label":
        return own
    if len(labels) > 1:
        return own if label == max(labels, key=lambda each: float(cosines[each])) else None
    return int(cosines[places].argmax())
