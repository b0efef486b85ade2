"""Tests of `frame_sampling`: which frames of a video are looked at."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import get_args

import pytest
import torch
from torch import Tensor

from tests.reference.frame_sampling import middle_frames
from zsar.datamodules.views.frame_sampling import (
    SegmentSampling,
    TrainSampling,
    centre_indices,
    multi_clip_indices,
    random_segment_indices,
    random_shared_indices,
    training_indices,
)

SIZES = [(n, t) for n in (1, 2, 3, 7, 8, 9, 16, 100, 299, 300, 1001) for t in (1, 2, 3, 8, 16)]


def test_centre_indices_of_a_small_example() -> None:
    # 16 frames in 4 segments of 4: the middle of frames 0 to 3 is 1.5, rounded down.
    assert centre_indices(16, 4).tolist() == [1, 5, 9, 13]
    assert centre_indices(10, 4).tolist() == [0, 3, 5, 8]  # 0.75, 3.25, 5.75, 8.25
    assert centre_indices(9, 3).tolist() == [1, 4, 7]


def test_mmactions_middle_is_half_a_segment_after_its_start() -> None:
    assert centre_indices(16, 4, sampling="mmaction").tolist() == [2, 6, 10, 14]  # t2l: [1, 5, 9, 13]
    assert centre_indices(10, 4, sampling="mmaction").tolist() == [1, 3, 6, 8]  # 1.25, 3.75, 6.25, 8.75
    assert centre_indices(3, 8, sampling="mmaction").tolist() == [0, 0, 0, 1, 1, 2, 2, 2]
    # Two clips take turns at the middles of 8 segments of 2 frames.
    assert multi_clip_indices(16, 4, 2, sampling="mmaction").tolist() == [[1, 5, 9, 13], [3, 7, 11, 15]]


@pytest.mark.parametrize(("n_frames", "n_samples"), SIZES)
def test_all_are_those_of_the_reference_and_middles_at_most_a_frame_apart(n_frames: int, n_samples: int) -> None:
    ours: dict[str, list[int]] = {}
    for sampling in get_args(SegmentSampling):
        ours[sampling] = centre_indices(n_frames, n_samples, sampling=sampling).tolist()
        assert ours[sampling] == middle_frames(n_frames, n_samples, sampling)
    assert {b - a for a, b in zip(ours["t2l"], ours["mmaction"], strict=True)} <= {0, 1}


def test_bikes_frames_are_the_left_ends_of_segments() -> None:
    """The example of its page: int(n / 8 * i)."""
    assert centre_indices(300, 8, sampling="left").tolist() == [0, 37, 75, 112, 150, 187, 225, 262]
    assert centre_indices(3, 8, sampling="left").tolist() == [0, 0, 0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize(("n_frames", "n_samples"), SIZES)
@pytest.mark.parametrize("n_clips", [1, 2, 4])
def test_bikes_clips_begin_at_places_spaced_evenly_over_the_first_segment(
    n_frames: int, n_samples: int, n_clips: int
) -> None:
    length = Fraction(n_frames, n_samples)
    last = max(length - 1, Fraction(0))
    starts = [last * v / (n_clips - 1) for v in range(n_clips)] if n_clips > 1 else [Fraction(0)]
    expected = [[math.floor(start + i * length) for i in range(n_samples)] for start in starts]
    clips = multi_clip_indices(n_frames, n_samples, n_clips, sampling="left")
    assert clips.tolist() == expected
    assert clips.max() < n_frames


def test_short_videos_repeat_frames_evenly() -> None:
    assert centre_indices(3, 8).tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert centre_indices(8, 8).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert centre_indices(1, 4).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("n_frames", "n_samples"), SIZES)
def test_centre_indices_equal_the_formula_in_exact_arithmetic(n_frames: int, n_samples: int) -> None:
    length = Fraction(n_frames, n_samples)
    centres = [math.floor(i * length + (length - 1) / 2) for i in range(n_samples)]
    repeated = [i * n_frames // n_samples for i in range(n_samples)]
    indices = centre_indices(n_frames, n_samples)
    assert indices.dtype == torch.int64
    assert indices.tolist() == (centres if n_frames > n_samples else repeated)


@pytest.mark.parametrize(("n_frames", "n_samples"), SIZES)
def test_random_indices_lie_in_their_segments(n_frames: int, n_samples: int) -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        indices = random_segment_indices(n_frames, n_samples, generator)
        assert indices.dtype == torch.int64
        assert indices.shape == (n_samples,)
        for i, index in enumerate(indices.tolist()):
            assert i * n_frames // n_samples <= index <= min(n_frames - 1, (i + 1) * n_frames / n_samples)


@pytest.mark.parametrize(("n_frames", "n_samples"), SIZES)
def test_segments_that_share_ends_include_both(n_frames: int, n_samples: int) -> None:
    """Python's round is to the even number of a half, too."""
    generator = torch.Generator().manual_seed(0)
    ends = [round(Fraction(i * (n_frames - 1), n_samples)) for i in range(n_samples + 1)]
    draws = torch.stack([random_shared_indices(n_frames, n_samples, generator) for _ in range(50)])
    assert draws.dtype == torch.int64
    for i in range(n_samples):
        assert ends[i] <= draws[:, i].min() <= draws[:, i].max() <= ends[i + 1]
        if ends[i + 1] - ends[i] < 4:  # of few frames, each is drawn
            assert set(draws[:, i].tolist()) == set(range(ends[i], ends[i + 1] + 1))


def test_training_takes_the_frames_of_its_setting() -> None:
    drawn = {}
    draws: dict[TrainSampling, Callable[[int, int], Tensor]] = {
        "random": random_segment_indices,
        "random_shared_ends": random_shared_indices,
    }
    for sampling, draw in draws.items():
        torch.manual_seed(1)
        drawn[sampling] = training_indices(300, 8, sampling=sampling, centres="t2l").tolist()
        torch.manual_seed(1)
        assert drawn[sampling] == draw(300, 8).tolist()
    assert training_indices(300, 8, sampling="centre", centres="left").tolist()[:3] == [0, 37, 75]
    assert drawn["random"] != drawn["random_shared_ends"]


def test_random_indices_are_uniform() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.cat([random_segment_indices(10, 4, generator) for _ in range(5000)])
    torch.testing.assert_close(torch.bincount(draws) / 5000, torch.full((10,), 0.4), atol=0.03, rtol=0)


def test_random_indices_repeat_with_their_generator_and_follow_the_global_one_without() -> None:
    first, second = (random_segment_indices(300, 8, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, second)
    torch.manual_seed(5)
    assert torch.equal(random_segment_indices(300, 8), first)


def test_a_draw_next_to_one_stays_inside_the_video(monkeypatch: pytest.MonkeyPatch) -> None:
    almost_one = math.nextafter(1.0, 0.0)
    monkeypatch.setattr(torch, "rand", lambda n, **_: torch.full((n,), almost_one, dtype=torch.float64))
    assert random_segment_indices(300, 8).max() == 299


def test_clips_are_interleaved_evenly() -> None:
    clips = multi_clip_indices(24, 4, 3)
    assert clips.tolist() == [[0, 6, 12, 18], [2, 8, 14, 20], [4, 10, 16, 22]]


@pytest.mark.parametrize(("n_frames", "n_samples"), SIZES)
def test_one_clip_is_the_centre_and_all_clips_are_in_range(n_frames: int, n_samples: int) -> None:
    assert torch.equal(multi_clip_indices(n_frames, n_samples, 1)[0], centre_indices(n_frames, n_samples))
    clips = multi_clip_indices(n_frames, n_samples, 3)
    assert clips.shape == (3, n_samples)
    assert clips.dtype == torch.int64
    assert 0 <= clips.min() <= clips.max() < n_frames
    assert (clips.diff(dim=1) >= 0).all()


def test_nothing_can_be_sampled_from_nothing() -> None:
    with pytest.raises(ValueError, match="n_frames must be at least 1; got 0"):
        centre_indices(0, 8)
    with pytest.raises(ValueError, match="n_samples must be at least 1; got 0"):
        random_segment_indices(8, 0)
    with pytest.raises(ValueError, match="n_clips must be at least 1; got -1"):
        multi_clip_indices(8, 8, -1)
