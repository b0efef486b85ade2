import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from tests.reference import freezad
from zsar.lightning_modules.t3al.segment_scores.log_oic import actionness, boundary_weights, log_oic


def scores_of(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_by_hand() -> None:
    # Frames 2 to 5 inside: mean 7, maximum 10; one frame on each side, of weight 1.
    assert log_oic(scores_of(9, 1, 4, 10, 8, 6, 3, 9), 2, 6) == pytest.approx(7 + 10 - 0.2 * 1 - 0.2 * 3)
    # Three frames: the left side still has one, ceil(3 / 4), the right one none, floor(3 / 4).
    assert log_oic(scores_of(5, 1, 2, 3, 100), 1, 4) == pytest.approx(2 + 3 - 0.2 * 5)


def test_weights_by_hand() -> None:
    one, two = 1 / math.log(2), 1 / math.log(3)
    assert_close(boundary_weights(2), scores_of(one, two) / (one + two))
    assert_close(boundary_weights(1), scores_of(1))
    assert boundary_weights(0).shape == (0,)


def test_the_frame_at_the_boundary_weighs_most_on_both_sides() -> None:
    # Eight frames inside, two outside on each side; the frame at the boundary has 0.613 of its side.
    near = float(boundary_weights(2)[0])
    for at, weight in ((1, near), (0, 1 - near), (10, near), (11, 1 - near)):
        scores = torch.zeros(12)
        scores[at] = 10
        assert log_oic(scores, 2, 10) == pytest.approx(-0.2 * weight * 10), at


def test_it_is_the_restatement_wherever_the_segment_lies() -> None:
    generator = np.random.default_rng(0)
    raw = generator.normal(20, 8, 60)
    for a, b in [(0, 60), (0, 1), (59, 60), (0, 25), (35, 60), (1, 60), (3, 40), *((20, b) for b in range(21, 45))]:
        assert log_oic(torch.from_numpy(raw), a, b) == pytest.approx(freezad.log_oic(raw, a, b), abs=1e-13), (a, b)
    for length in (1, 2, 7):
        frames = generator.normal(0, 0.15, (length, 6))
        assert actionness(torch.from_numpy(frames)) == pytest.approx(freezad.actionness(frames), abs=1e-13)


def test_a_constant_curve() -> None:
    scores = torch.full((20,), 3.0)
    found = [log_oic(scores, *segment) for segment in ((4, 12), (0, 8), (12, 20), (0, 20))]
    assert found == pytest.approx([6 - 1.2, 6 - 0.6, 6 - 0.6, 6])


def test_a_shift_counts_1_6_times_and_time_may_run_backwards() -> None:
    scores = torch.randn(40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert log_oic(scores + 7, 10, 26) == pytest.approx(log_oic(scores, 10, 26) + 1.6 * 7)
    assert log_oic(scores.flip(0), 14, 30) == pytest.approx(log_oic(scores, 10, 26))  # a multiple of 4 frames


def test_actionness_by_hand_grows_with_length_and_with_features() -> None:
    # One frame of squares 1 and 3: the mean over D is 2. Twice as long: 2 frames x their sum, 4 times as much.
    frame = torch.tensor([[1.0, 3**0.5]])
    assert actionness(frame) == pytest.approx(1 / (1 + math.exp(-2)))
    assert actionness(frame.repeat(2, 1)) == pytest.approx(1 / (1 + math.exp(-8)))
    assert actionness(frame / 20) == pytest.approx(1 / (1 + math.exp(-2 / 400)))
    assert actionness(torch.zeros(5, 3)) == 0.5


@pytest.mark.parametrize(("first", "end"), [(3, 3), (4, 3), (-1, 2), (3, 6)])
def test_a_segment_that_is_none_is_refused(first: int, end: int) -> None:
    with pytest.raises(ValueError, match=rf"at least 1 of the 5 frames; got frames {first} to {end}"):
        log_oic(torch.zeros(5), first, end)
