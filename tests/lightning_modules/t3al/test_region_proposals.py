from typing import Any

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.t3al.region_proposals import Proposals, RegionProposals, propose_regions


def proposed(*scores: float, rounding: float = 0.0, **settings: Any) -> Proposals:
    times = torch.arange(len(scores), dtype=torch.float64)
    video = UntrimmedFeatures("v", torch.zeros(len(scores), 2), times, float(len(scores)))
    return propose_regions(
        torch.tensor(scores, dtype=torch.float32),
        video,
        RegionProposals(**settings),
        rounding=rounding,
    )


def runs(found: Proposals) -> list[tuple[int, int]]:
    return [(segment.first_frame, segment.last_frame) for segment in found.segments]


def test_frames_above_the_mean_are_grouped_and_no_gap_is_bridged() -> None:
    found = proposed(2, 6, 2, 6, 6, 3)  # the mean is 25 / 6
    assert runs(found) == [(1, 1), (3, 4)]
    assert_close(found.curve, torch.tensor([0, 1, 0, 1, 1, 0.25]))
    assert found.threshold == pytest.approx(3.25 / 6)
    assert [segment.score for segment in found.segments] == [1, 1]


def test_gaps_in_frames_and_in_seconds_are_bridged_where_asked() -> None:
    scores = (0, 6, 0, 6, 0, 0, 6)
    assert runs(proposed(*scores, largest_gap_frames=1)) == [(1, 3), (6, 6)]
    assert runs(proposed(*scores, largest_gap_seconds=1.0)) == [(1, 3), (6, 6)]
    assert runs(proposed(*scores, largest_gap_frames=2)) == [(1, 6)]


def test_single_frames_are_dropped_after_gaps_are_bridged() -> None:
    scores = (6, 0, 6, 0, 0, 6)
    assert runs(proposed(*scores, largest_gap_frames=1, keeps_single_frames=False)) == [(0, 2)]
    assert runs(proposed(*scores, keeps_single_frames=False)) == []


def test_a_fixed_threshold_is_of_scaled_or_of_unscaled_scores() -> None:
    scores = (0.0, 0.5, 0.8, 1.0, 2.0)
    scaled = proposed(*scores, threshold=0.45)  # 0.9
    assert (runs(scaled), scaled.threshold) == ([(3, 4)], 0.45)
    unscaled = proposed(*scores, threshold=0.7, scaled=False)
    assert runs(unscaled) == [(2, 4)]
    assert unscaled.threshold == pytest.approx(0.35)


def test_a_threshold_below_or_above_all_scores_takes_all_or_nothing() -> None:
    below = proposed(20.0, 21.0, 25.0, threshold=0.7, scaled=False)
    assert (runs(below), below.threshold) == ([(0, 2)], 0.0)
    above = proposed(0.1, 0.2, 0.3, threshold=0.7, scaled=False)
    assert (runs(above), above.threshold) == ([], 1.0)


def test_equal_scores_are_no_segment_unless_they_are_above_a_fixed_threshold() -> None:
    assert runs(proposed(3.0, 3.0)) == []
    assert runs(proposed(3.0, 3.01, rounding=0.1)) == []
    assert runs(proposed(3.0, 3.0, threshold=0.7, scaled=False)) == [(0, 1)]
    assert runs(proposed(0.3, 0.3, threshold=0.7, scaled=False)) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"largest_gap_seconds": -1.0}, "largest_gap_seconds must be at least 0, or null; got -1.0"),
        ({"largest_gap_frames": -1}, "largest_gap_frames must be at least 0; got -1"),
        ({"largest_gap_frames": 2, "largest_gap_seconds": 1.0}, "got 2 frames and 1.0 seconds"),
        ({"threshold": 1.0}, "threshold must be at least 0 and below 1, .*; got 1.0"),
        ({"threshold": float("nan"), "scaled": False}, "threshold must be a finite number, .*; got nan"),
        ({"scaled": False}, "scaled: false has no effect with the mean as threshold"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RegionProposals(**wrong)
