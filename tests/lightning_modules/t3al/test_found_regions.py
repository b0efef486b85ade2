import pytest
import torch

from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.t3al.found_regions import FoundRegions, RegionClass, localization_of

CURVE = torch.tensor([0.0, 1.0, 0.0, 0.6])
# A set of the classes 2, 0 and 3 of a union of four.
MEMBERS = torch.tensor([2, 0, 3])


def at(start: float) -> Segment:
    return Segment(start_seconds=start, end_seconds=start + 1, first_frame=0, last_frame=1, score=0.5)


def regions(label: int, cosines: list[list[float]], kept: tuple[bool, ...] = (True, True)) -> FoundRegions:
    return FoundRegions(label, CURVE, (at(4), at(1)), torch.tensor(cosines), kept, 3)


def labels_of(found: list[FoundRegions], region_class: RegionClass = "nearest") -> list[tuple[float, int]]:
    localization = localization_of(found, MEMBERS, region_class=region_class, n_regions=None)
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
    plain = localization_of([found], MEMBERS, region_class="nearest", n_regions=None)
    assert [d.segment.start_seconds for d in plain.detections] == [4]
    assert [d.segment.start_seconds for d in plain.suppressed] == [1]
    counted = localization_of([found], MEMBERS, region_class="nearest", n_regions=1)
    assert [d.segment.start_seconds for d in counted.detections] == [1]  # the most similar one
    assert localization_of([found], MEMBERS, region_class="nearest", n_regions=0).detections == ()


def test_the_curve_is_of_the_pseudo_label_and_its_threshold_is_the_mean() -> None:
    (curve,) = localization_of([regions(0, [[0.2] * 4] * 2)], MEMBERS, region_class="nearest", n_regions=None).curves
    assert (curve.label, curve.threshold) == (1, pytest.approx(0.4))
