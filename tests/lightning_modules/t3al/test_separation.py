import math

import pytest
import torch
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.t3al.separation import separation_loss, separation_targets

TARGETS = separation_targets(2).float()


def test_it_is_two_minus_twice_the_cosine() -> None:
    scores = torch.tensor([[3.0, 0.0, 4.0, 0.0]])  # 3 / (5 * sqrt 2)
    loss = separation_loss(scores, TARGETS)
    assert loss.shape == (1,)
    assert_close(loss, torch.tensor([2 - 6 / (5 * math.sqrt(2))]))


def test_smoothed_targets_are_not_brought_to_length_1_again() -> None:
    root = math.sqrt(0.5)
    assert_close(separation_targets(2), torch.tensor([root, root, 0.0, 0.0], dtype=torch.float64))
    smoothed = separation_targets(2, smoothing=0.2)
    assert_close(smoothed, torch.tensor([0.8 * root + 0.05] * 2 + [0.05] * 2, dtype=torch.float64))
    scores = torch.tensor([[3.0, 0.0, 4.0, 0.0]])
    expected = 2 - 2 * (0.6 * (0.8 * root + 0.05) + 0.8 * 0.05)
    assert_close(separation_loss(scores, smoothed.float()), torch.tensor([expected]))


def test_separated_scores_have_no_loss_at_any_scale() -> None:
    for scale in (0.01, 1.0, 100.0):
        assert_close(separation_loss(scale * TARGETS[None], TARGETS), torch.zeros(1), atol=1e-6, rtol=0)


def test_scores_of_zero_are_no_division_by_zero() -> None:
    scores = torch.zeros(1, 4, requires_grad=True)
    loss = separation_loss(scores, TARGETS)
    assert_close(loss.detach(), torch.tensor([2.0]))
    loss.sum().backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_it_is_the_reference(smoothing: float) -> None:
    scores = torch.randn(5, 6, dtype=torch.float64)
    targets = separation_targets(3, smoothing=smoothing)
    expected = torch.stack([reference.separation_loss(s, smoothing) for s in scores])
    assert_close(separation_loss(scores, targets), expected)
