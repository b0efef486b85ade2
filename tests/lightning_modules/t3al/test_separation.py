import math

import torch
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.t3al.separation import separation_loss

TARGETS = torch.tensor([1.0, 1.0, 0.0, 0.0])


def test_it_is_two_minus_twice_the_cosine() -> None:
    scores = torch.tensor([[3.0, 0.0, 4.0, 0.0]])  # 3 / (5 * sqrt 2)
    loss = separation_loss(scores, TARGETS)
    assert loss.shape == (1,)
    assert_close(loss, torch.tensor([2 - 6 / (5 * math.sqrt(2))]))


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


def test_it_is_the_reference() -> None:
    scores = torch.randn(5, 6, dtype=torch.float64)
    targets = torch.tensor([1.0] * 3 + [0.0] * 3, dtype=torch.float64)
    assert_close(separation_loss(scores, targets), torch.stack([reference.separation_loss(s) for s in scores]))
