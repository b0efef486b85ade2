import pytest
import torch
from torch.testing import assert_close

from tests.reference.temporal_feature_diversity import temporal_feature_diversity as reference
from zsar.lightning_modules.t2l.temporal_feature_diversity import temporal_feature_diversity


def test_hand_computed_example() -> None:
    # One video, three frames, one number a frame: 0, 2, 1. Mean 1, variance (1 + 1 + 0) / 3 = 2/3.
    # Central differences with repeated edges: |2 - 0| / 2, |1 - 0| / 2, |1 - 2| / 2 = 1, 1/2, 1/2; mean 2/3.
    loss = temporal_feature_diversity(torch.tensor([[[0.0], [2.0], [1.0]]]))
    assert loss.shape == ()
    assert_close(loss, torch.tensor(1 / (1 + 2 / 3 + 2 / 3)))


def test_unbiased_variance_divides_by_one_frame_less() -> None:
    loss = temporal_feature_diversity(torch.tensor([[[0.0], [2.0], [1.0]]]), unbiased=True)
    assert_close(loss, torch.tensor(1 / (1 + 1 + 2 / 3)))


def test_identical_frames_give_maximal_loss() -> None:
    assert_close(temporal_feature_diversity(torch.randn(3, 1, 5).expand(3, 8, 5)), torch.tensor(1.0))


@pytest.mark.parametrize("unbiased", [False, True])
def test_equals_the_reference(unbiased: bool) -> None:
    torch.manual_seed(0)
    e = torch.randn(3, 8, 5)
    expected = reference(e.tolist(), unbiased=unbiased)
    assert_close(temporal_feature_diversity(e, unbiased=unbiased), torch.tensor(expected))


def test_more_motion_gives_a_smaller_loss() -> None:
    torch.manual_seed(0)
    e = torch.randn(2, 8, 5)
    assert temporal_feature_diversity(2 * e) < temporal_feature_diversity(e) < 1


def test_playing_backwards_changes_nothing() -> None:
    torch.manual_seed(0)
    e = torch.randn(2, 8, 5)
    assert_close(temporal_feature_diversity(e.flip(1)), temporal_feature_diversity(e))


def test_half_precision_is_computed_in_fp32() -> None:
    torch.manual_seed(0)
    e = torch.randn(2, 8, 5).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        loss = temporal_feature_diversity(e)
    assert loss.dtype == torch.float32
    assert_close(loss, temporal_feature_diversity(e.float()))


def test_gradient_is_right() -> None:
    torch.manual_seed(0)
    e = torch.randn(2, 4, 3, requires_grad=True)
    loss = temporal_feature_diversity(e)
    loss.backward()
    step = 1e-3
    shifted = e.detach().clone()
    shifted[1, 2, 0] += step
    assert e.grad is not None
    assert_close((temporal_feature_diversity(shifted) - loss.detach()) / step, e.grad[1, 2, 0], atol=1e-3, rtol=0.05)


def test_a_single_frame_has_no_unbiased_variance() -> None:
    with pytest.raises(ValueError, match="at least 2 frames"):
        temporal_feature_diversity(torch.randn(2, 1, 5), unbiased=True)


def test_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[B, T, D\]"):
        temporal_feature_diversity(torch.randn(8, 5))
