import math
from typing import Any

import pytest
import torch

from zsar.lightning_modules.localization.contract import Localization
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.t3al.found_regions import FoundRegions, RegionClass, localization_of

CURVE = torch.tensor([0.0, 1.0, 0.0, 0.6])
# A set of the classes 2, 0 and 3 of a union of four.
MEMBERS = torch.tensor([2, 0, 3])


def at(start: float) -> Segment:
    return Segment(start_seconds=start, end_seconds=start + 1, first_frame=0, last_frame=1, score=0.5)


def regions(label: int, cosines: list[list[float]], kept: tuple[bool, ...] = (True, True)) -> FoundRegions:
    return FoundRegions(
        label=label,
        curve=CURVE,
        threshold=0.4,
        segments=(at(4), at(1)),
        scores=({"mean": 0.5, "max": 0.75}, {"mean": 0.25, "max": 1.0}),
        cosines=torch.tensor(cosines),
        scale=10.0,
        kept=kept,
        n_steps=3,
    )


def localized(found: list[FoundRegions], **settings: Any) -> Localization:
    defaults: dict[str, Any] = {"region_class": "nearest", "segment_score": "mean", "n_regions": None}
    return localization_of(found, MEMBERS, **{**defaults, **settings})


def labels_of(found: list[FoundRegions], region_class: RegionClass = "nearest") -> list[tuple[float, int]]:
    localization = localized(found, region_class=region_class)
    return [(detection.segment.start_seconds, detection.label) for detection in localization.detections]


def test_a_segment_is_named_after_the_nearest_class_of_the_set() -> None:
    found = regions(0, [[0.2, 0.9, 0.1, 0.3], [0.4, 0.0, 0.5, 0.1]])  # class 1 is not in the set
    assert labels_of([found]) == [(1, 0), (4, 2)]  # in order of time; 0 is class 2, 2 is class 3
    assert labels_of([found], "pseudo_label") == [(1, 1), (4, 1)]


def test_of_several_pseudo_labels_the_nearest_keeps_a_segment() -> None:
    near, far = [0.5, 0.0, 0.1, 0.0], [0.1, 0.0, 0.5, 0.0]
    assert labels_of([regions(0, [near, far]), regions(2, [near, far])]) == [(1, 0), (4, 1)]


def test_what_captions_disagree_with_is_suppressed_unless_the_count_is_known() -> None:
    found = regions(0, [[0.2, 0.0, 0.0, 0.0], [0.4, 0.0, 0.0, 0.0]], kept=(True, False))
    plain = localized([found])
    assert [d.segment.start_seconds for d in plain.detections] == [4]
    assert [d.segment.start_seconds for d in plain.suppressed] == [1]
    counted = localized([found], n_regions=1)
    assert [d.segment.start_seconds for d in counted.detections] == [1]  # the most similar one
    assert localized([found], n_regions=0).detections == ()


def test_a_segment_is_scored_by_the_probability_of_its_class_among_those_of_the_set() -> None:
    # Class 1 is not in the set; the others' logits are 0, 1 and 2, and the pseudo-label's is 1.
    found = [regions(0, [[0.1, 0.9, 0.0, 0.2]] * 2)]
    total = 1 + math.e + math.e**2
    nearest = localized(found, segment_score="probability").detections[0]
    assert nearest.label == 2
    assert nearest.segment.score == pytest.approx(math.e**2 / total)
    authors = localized(found, segment_score="probability", region_class="pseudo_label").detections[0]
    assert authors.label == 1
    assert authors.segment.score == pytest.approx(math.e / total)
    assert [d.segment.score for d in localized(found, segment_score="max").detections] == [1.0, 0.75]
    assert [d.segment.score for d in localized(found).detections] == [0.25, 0.5]


def test_detections_have_all_scores_where_these_are_compared() -> None:
    found = [regions(0, [[0.1, 0.9, 0.0, 0.2]] * 2)]
    assert [d.scores for d in localized(found).detections] == [{}, {}]
    first, second = localized(found, compares_scores=True).detections
    probability = math.e**2 / (1 + math.e + math.e**2)
    assert first.scores == pytest.approx({"probability": probability, "mean": 0.25, "max": 1.0})
    assert (first.segment.score, second.scores["max"]) == (0.25, 0.75)


def test_the_curve_is_of_the_pseudo_label_and_has_its_threshold() -> None:
    (curve,) = localized([regions(0, [[0.2] * 4] * 2)]).curves
    assert (curve.label, curve.threshold) == (1, 0.4)
