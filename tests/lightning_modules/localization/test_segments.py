import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.localization.segments import Edges, Segment, min_max, moving_average, segments_above

NAN, INF = float("nan"), float("inf")


def scores_of(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def seconds(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# --- moving average ---------------------------------------------------------------------------------------------------


def test_an_odd_window_is_centred_and_the_ends_average_what_is_there() -> None:
    got = moving_average(scores_of(0, 3, 6, 3), 3)
    torch.testing.assert_close(got, scores_of(1.5, 3, 4, 4.5))


def test_an_even_window_reaches_one_frame_further_back() -> None:
    got = moving_average(scores_of(0, 4, 8, 12, 0), 4)
    torch.testing.assert_close(got, scores_of(2, 4, 6, 6, 20 / 3))


@pytest.mark.parametrize("window", [1, 2, 5, 20, 61, 200])
def test_every_score_is_the_mean_of_its_slice(window: int) -> None:
    scores = torch.randn(60, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    slices = [scores[max(i - window // 2, 0) : i + (window - 1) // 2 + 1] for i in range(60)]
    got = moving_average(scores, window)
    assert got.shape == (60,)
    torch.testing.assert_close(got, torch.stack([part.mean() for part in slices]))


def test_a_window_longer_than_any_video_averages_all() -> None:
    torch.testing.assert_close(moving_average(scores_of(1, 2, 6), 10**9), scores_of(3, 3, 3))
    torch.testing.assert_close(moving_average(scores_of(7), 20), scores_of(7))


@pytest.mark.parametrize("value", [0.1, -1.1, 1e-8, 23.7])
def test_scores_that_are_all_alike_stay_exactly_alike(value: float) -> None:
    scores = torch.full((50,), value)
    assert torch.equal(moving_average(scores, 20), scores)


def test_half_precision_is_averaged_in_float32() -> None:
    averaged = moving_average(scores_of(1, 2, 4).half(), 2)
    torch.testing.assert_close(averaged, scores_of(1, 1.5, 3))


def test_gradients_pass_through_smoothing_and_scaling() -> None:
    scores = scores_of(1, 5, 2, 8, 3).requires_grad_()
    min_max(moving_average(scores, 2))[2].backward()
    # Averages are 1, 3, 3.5, 5, 5.5, of which the third is scaled to 2.5 / 4.5.
    assert scores.grad is not None
    to_average = 1 / 4.5
    by_highest, by_lowest = -2.5 / 4.5**2, (2.5 - 4.5) / 4.5**2
    expected = scores_of(by_lowest, to_average / 2, to_average / 2, by_highest / 2, by_highest / 2)
    torch.testing.assert_close(scores.grad, expected)


def test_a_window_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 frame; got 0"):
        moving_average(scores_of(1, 2), 0)


# --- scaling ----------------------------------------------------------------------------------------------------------


def test_scores_are_scaled_to_reach_from_zero_to_one() -> None:
    torch.testing.assert_close(min_max(scores_of(2, -2, 0, 6)), scores_of(0.5, 0, 0.25, 1))


@pytest.mark.parametrize("n_frames", [1, 30])
def test_scores_that_are_all_alike_become_zero(n_frames: int) -> None:
    assert torch.equal(min_max(moving_average(torch.full((n_frames,), 0.1), 20)), torch.zeros(n_frames))


@pytest.mark.parametrize("function", [min_max, lambda scores: moving_average(scores, 3)])
@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (scores_of(1, NAN, 2, INF), "2 of 4 scores are not finite, at frames 1, 3, the first nan"),
        (torch.full((9,), NAN), "9 of 9 scores are not finite, at frames 0, 1, 2, 3, 4, ..., the first nan"),
        (torch.zeros(0), r"at least 1 frame; got torch.float32 \[0\]"),
        (torch.zeros(2, 3), r"\[2, 3\]"),
        (torch.arange(3), "floating point.*got torch.int64"),
    ],
)
def test_scores_that_are_no_curve_are_refused(function, scores: Tensor, message: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    with pytest.raises(ValueError, match=message):
        function(scores)


# --- segments ---------------------------------------------------------------------------------------------------------


def test_hand_computed_example() -> None:
    scores = scores_of(0, 4, 2, 0, 0, 0, 6, 0)  # mean 1.5
    found = segments_above(scores, torch.arange(8).double() / 2, 0.5, largest_gap_seconds=1.0)
    assert found == [Segment(0.5, 1.5, 1, 2, 3.0), Segment(3.0, 3.5, 6, 6, 6.0)]


def test_a_gap_of_the_largest_length_is_bridged_and_its_frames_are_inside() -> None:
    scores = scores_of(0, 4, 2, 0, 0, 0, 6, 0)
    times = torch.arange(8).double() / 2
    assert segments_above(scores, times, 0.5, largest_gap_seconds=1.5) == [Segment(0.5, 3.5, 1, 6, 2.0)]


def test_gaps_are_bridged_one_by_one() -> None:
    scores = scores_of(1, 0, 1, 0, 0, 1, 0, 1)
    found = segments_above(scores, torch.arange(8).double(), 1.0, largest_gap_seconds=1, threshold=0.5)
    assert [(segment.first_frame, segment.last_frame) for segment in found] == [(0, 2), (5, 7)]


def test_rounding_of_times_does_not_split_a_segment() -> None:
    scores = scores_of(*[1, 0] * 500)
    times = torch.arange(1000).double() * 0.1
    gaps = times[2::2] - (times[:-2:2] + 0.1)
    assert gaps.max() > 0.1  # what rounding does
    assert len(segments_above(scores, times, 0.1, largest_gap_seconds=0.1, threshold=0.5)) == 1
    assert len(segments_above(scores, times, 0.1, largest_gap_seconds=0.09, threshold=0.5)) == 500


def test_a_segment_ends_when_its_own_last_frame_does() -> None:
    times, durations = seconds(0, 1, 3, 3.5), seconds(1, 2, 0.5, 4)
    found = segments_above(scores_of(1, 1, 0, 1), times, durations, largest_gap_seconds=0.25, threshold=0.5)
    assert [(segment.start_seconds, segment.end_seconds) for segment in found] == [(0, 3), (3.5, 7.5)]


def test_neighbouring_frames_are_one_run_also_over_a_hole_in_time() -> None:
    found = segments_above(scores_of(1, 1), seconds(0, 100), 1.0, largest_gap_seconds=0, threshold=0.5)
    assert [(segment.start_seconds, segment.end_seconds) for segment in found] == [(0, 101)]


def test_a_score_at_the_threshold_is_outside() -> None:
    found = segments_above(scores_of(0.5, 0.75), seconds(0, 1), 1.0, largest_gap_seconds=0, threshold=0.5)
    assert found == [Segment(1.0, 2.0, 1, 1, 0.75)]


def test_all_frames_above_are_one_segment() -> None:
    found = segments_above(scores_of(1, 2, 3), seconds(2, 3, 4), 1.0, largest_gap_seconds=0, threshold=0.5)
    assert found == [Segment(2.0, 5.0, 0, 2, 2.0)]


def test_no_frame_above_is_no_segment() -> None:
    assert segments_above(scores_of(1, 2, 3), seconds(2, 3, 4), 1.0, largest_gap_seconds=0, threshold=3.0) == []


def test_one_frame_is_a_segment_where_it_is_above_a_given_threshold() -> None:
    assert segments_above(scores_of(1), seconds(2), 0.5, largest_gap_seconds=0) == []
    found = segments_above(scores_of(1), seconds(2), 0.5, largest_gap_seconds=0, threshold=0.0)
    assert found == [Segment(2.0, 2.5, 0, 0, 1.0)]


@pytest.mark.parametrize("value", [0.1, 0.3, 1.1, -0.7])
def test_scores_that_are_all_alike_are_not_above_their_mean(value: float) -> None:
    for n_frames in (3, 10, 1000):
        scores = torch.full((n_frames,), value, dtype=torch.float64)
        assert segments_above(scores, torch.arange(n_frames).double(), 1.0, largest_gap_seconds=0) == []


@pytest.mark.filterwarnings("error")  # torch warns where a number is read from within a graph
def test_scores_keep_their_graph_and_their_values() -> None:
    scores = scores_of(0, 1).requires_grad_()
    assert segments_above(scores * 2, seconds(0, 1), 1.0, largest_gap_seconds=0)[0].score == 2
    assert scores.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (seconds(0, 2, 2), r"up to frame 2 they are \[2.0, 2.0\]"),
        (seconds(0, 2, 1), r"up to frame 2 they are \[2.0, 1.0\].*sort the frames"),
        (seconds(NAN, 1, 2), r"up to frame 0 they are \[nan\]"),
        (seconds(0, 1, INF), r"up to frame 2 they are \[1.0, inf\]"),
        (seconds(0, 1), r"float64 \[3\], one for each score; got torch.float64 \[2\]"),
        (seconds(0, 1, 2).float(), "must be float64.*got torch.float32"),
    ],
)
def test_times_that_do_not_increase_are_refused(times: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segments_above(scores_of(0, 1, 0), times, 1.0, largest_gap_seconds=0)


@pytest.mark.parametrize(
    ("durations", "message"),
    [
        (0.0, "above 0; for frame 0 it is 0.0"),
        (seconds(1, -1), "above 0; for frame 1 it is -1.0"),
        (seconds(1, INF), "finite.*for frame 1 it is inf"),
        (seconds(1, 1, 1), r"one value or \[2\]; got \[3\]"),
    ],
)
def test_durations_out_of_range_are_refused(durations: Tensor | float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segments_above(scores_of(0, 1), seconds(0, 1), durations, largest_gap_seconds=0)


def test_gaps_thresholds_and_scores_out_of_range_are_refused() -> None:
    scores, times = scores_of(0, 1), seconds(0, 1)
    with pytest.raises(ValueError, match="largest_gap_seconds must be finite and at least 0; got -1"):
        segments_above(scores, times, 1.0, largest_gap_seconds=-1)
    with pytest.raises(ValueError, match="threshold must be finite; got nan"):
        segments_above(scores, times, 1.0, largest_gap_seconds=0, threshold=NAN)
    with pytest.raises(ValueError, match="1 of 2 scores are not finite"):
        segments_above(scores_of(0, NAN), times, 1.0, largest_gap_seconds=0)


def test_differences_that_are_rounding_are_not_blown_up() -> None:
    scores = torch.tensor([1.0, 1.0 + 1e-6, 1.0])
    assert min_max(scores).max() == 1
    torch.testing.assert_close(min_max(scores, rounding=1e-5), torch.zeros(3))
    torch.testing.assert_close(min_max(torch.tensor([0.0, 1.0, 2.0]), rounding=1e-5), torch.tensor([0.0, 0.5, 1.0]))


def test_repeated_edges_average_9_frames_back_and_10_ahead_and_the_ends_again() -> None:
    scores = torch.zeros(60, dtype=torch.float64)
    scores[30] = 20.0
    ahead = moving_average(scores, 20, edges="repeated")
    assert ahead.nonzero()[:, 0].tolist() == list(range(20, 40))  # from 10 before it to 9 after it
    back = moving_average(scores, 20)
    assert back.nonzero()[:, 0].tolist() == list(range(21, 41))
    ends = torch.zeros(60, dtype=torch.float64)
    ends[0] = 20.0
    assert_close(moving_average(ends, 20, edges="repeated")[:3], torch.tensor([10.0, 9.0, 8.0], dtype=torch.float64))
    assert_close(moving_average(ends, 20)[:3], torch.tensor([20 / 10, 20 / 11, 20 / 12], dtype=torch.float64))


@pytest.mark.parametrize("n_frames", [1, 2, 7, 30])
@pytest.mark.parametrize("window", [1, 2, 5, 20])
@pytest.mark.parametrize("edges", ["cut", "repeated"])
def test_the_average_is_the_reference(n_frames: int, window: int, edges: Edges) -> None:
    scores = torch.randn(n_frames, dtype=torch.float64)
    assert_close(moving_average(scores, window, edges=edges), reference.smoothed(scores, window, edges))


def test_a_gap_is_measured_in_frames_by_default_and_none_is_bridged() -> None:
    scores = scores_of(1, 0, 1, 0, 0, 1)
    times = seconds(0, 10, 20, 30, 40, 50)  # of no weight here
    runs = [(s.first_frame, s.last_frame) for s in segments_above(scores, times, 10.0, threshold=0.5)]
    assert runs == [(0, 0), (2, 2), (5, 5)]
    for largest, expected in ((1, [(0, 2), (5, 5)]), (2, [(0, 5)])):
        found = segments_above(scores, times, 10.0, threshold=0.5, largest_gap_frames=largest)
        assert [(s.first_frame, s.last_frame) for s in found] == expected
    with pytest.raises(ValueError, match="largest_gap_frames must be at least 0; got -1"):
        segments_above(scores, times, 10.0, largest_gap_frames=-1)
