import math

import pytest
import torch
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.t3al.representation import representation_loss, text_representation_loss

CIRCLE = torch.tensor([[0, 1, 2]])


def test_pairs_are_neighbours_in_the_circle() -> None:
    # Angles of 0, 90 and 180 degrees: cosines 0, 0 and -1.
    z = torch.tensor([[[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]]])
    loss = representation_loss(z, CIRCLE)
    assert loss.shape == (1,)
    assert_close(loss, torch.tensor([(2 + 2 + 4) / 3]))


def test_frames_that_are_alike_have_no_loss_whatever_their_length() -> None:
    z = torch.tensor([[[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]])
    assert_close(representation_loss(z, CIRCLE), torch.zeros(1), atol=1e-6, rtol=0)


def test_the_order_says_who_is_paired() -> None:
    z = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]])
    together, apart = torch.tensor([[0, 1, 2, 3]]), torch.tensor([[0, 2, 1, 3]])
    assert_close(representation_loss(z, together), torch.tensor([2.0]))  # two of four pairs are opposite
    assert_close(representation_loss(z, apart), torch.tensor([4.0]))  # all are


def test_a_single_frame_has_no_loss_and_no_gradient() -> None:
    z = torch.randn(2, 1, 3, requires_grad=True)
    loss = representation_loss(z, torch.zeros(2, 1, dtype=torch.int64))
    assert_close(loss, torch.zeros(2))
    loss.sum().backward()
    assert z.grad is not None
    assert not z.grad.any()


@pytest.mark.parametrize("k", [2, 5])
def test_it_is_the_reference(k: int) -> None:
    z, draws = torch.randn(3, k, 8, dtype=torch.float64), torch.rand(3, k)
    expected = torch.stack([reference.representation_loss(*each) for each in zip(z, draws, strict=True)])
    assert_close(representation_loss(z, draws.argsort(dim=1, stable=True)), expected)


def test_the_text_draws_frames_weakly_and_is_fixed() -> None:
    z = torch.tensor([[[2.0, 0.0, 0.0], [0.0, 5.0, 0.0]]], requires_grad=True)
    text = torch.tensor([[math.sqrt(0.5), math.sqrt(0.5), 0.0]], requires_grad=True)
    loss = text_representation_loss(z, text)
    assert_close(loss, torch.tensor([2 * (2 - math.sqrt(2)) / 3]))  # of two frames, divided by D = 3
    loss.sum().backward()
    assert z.grad is not None
    assert z.grad.any()
    assert text.grad is None


def test_drawing_to_the_text_is_the_reference() -> None:
    z, text = torch.randn(3, 4, 8, dtype=torch.float64), torch.randn(3, 8, dtype=torch.float64)
    text = text / text.norm(dim=1, keepdim=True)
    expected = torch.stack([reference.text_loss(*each) for each in zip(z, text, strict=True)])
    assert_close(text_representation_loss(z, text), expected)
