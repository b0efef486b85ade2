"""Spread of the frames of a video: by hand, and what it does not depend on."""

import numpy as np
import pytest
import torch

from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import (
    FrameSpread,
    frame_spread,
    mean_spread,
    unit_length,
)
from zsar.lightning_modules.t2l.temporal_feature_diversity import temporal_feature_diversity

FRAMES = np.random.default_rng(0).normal(size=(2, 6, 5))


def test_three_frames_by_hand() -> None:
    """Two equal frames and one at a right angle: the mean is (2/3, 1/3) of length sqrt(5) / 3."""
    found = frame_spread(np.array([[[2.0, 0.0], [2.0, 0.0], [0.0, 5.0]]]))
    assert found.step == pytest.approx((0 + 1) / 2)
    assert found.spread == pytest.approx(1 - 5 / 9)
    assert found.variance == pytest.approx((np.var([2, 2, 0]) + np.var([0, 0, 5])) / 2)
    # half of |2 - 2|, |0 - 2|, |0 - 2|, and of |0 - 0|, |5 - 0|, |5 - 0|, with the edges repeated
    assert found.difference == pytest.approx((0 + 1 + 1 + 0 + 2.5 + 2.5) / 6)


def test_equal_frames_and_a_single_frame_have_no_spread() -> None:
    for frames in (np.ones((1, 4, 3)), FRAMES[:, :1]):
        assert frame_spread(frames).to_dict() == {"step": 0, "spread": 0, "variance": 0, "difference": 0}


def test_step_and_spread_do_not_depend_on_length_and_order_changes_only_the_step() -> None:
    found, longer, mixed = frame_spread(FRAMES), frame_spread(3 * FRAMES), frame_spread(FRAMES[:, [0, 3, 1, 5, 2, 4]])
    assert (longer.step, longer.spread) == (pytest.approx(found.step), pytest.approx(found.spread))
    assert longer.variance == pytest.approx(9 * found.variance)
    assert longer.difference == pytest.approx(3 * found.difference)
    assert (mixed.spread, mixed.variance) == (pytest.approx(found.spread), pytest.approx(found.variance))
    assert mixed.step != pytest.approx(found.step)


def test_variance_and_difference_are_those_of_t2l_s_loss() -> None:
    """1 / loss = 1 + V + C."""
    loss = float(temporal_feature_diversity(torch.from_numpy(FRAMES)))
    assert frame_spread(FRAMES).diversity == pytest.approx(1 / loss - 1, abs=1e-5)


def test_views_and_videos_are_averaged() -> None:
    single = [frame_spread(view[None]) for view in FRAMES]
    assert frame_spread(FRAMES).spread == pytest.approx(np.mean([one.spread for one in single]))
    mean = mean_spread(single)
    assert (mean.step, mean.variance) == (
        pytest.approx(np.mean([one.step for one in single])),
        pytest.approx(np.mean([one.variance for one in single])),
    )
    assert isinstance(mean, FrameSpread)


def test_zeros_stay_zero() -> None:
    np.testing.assert_array_equal(unit_length(np.array([[0.0, 0.0], [3.0, 4.0]])), [[0, 0], [0.6, 0.8]])
