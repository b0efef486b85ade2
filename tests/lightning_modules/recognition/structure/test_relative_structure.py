import math

import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.testing import assert_close

from tests.reference import taco as page
from zsar.lightning_modules.recognition.structure.relative_structure import (
    draw_anchors,
    structure_loss,
    structure_similarities,
)


def double(*values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def units(*shape: int, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return normalize(torch.randn(*shape, generator=draws, dtype=torch.float64), dim=-1)


def test_similarities_by_hand() -> None:
    """The anchors see 0.6 and 1 of the video, 1 and 0.6 of the first class, 0 and 0.8 of the second."""
    anchors = double([1, 0], [0.6, 0.8])
    found = structure_similarities(double([0.6, 0.8]), double([1, 0], [0, 1]), anchors)
    assert_close(found, double([1.2, 0.8]))


def test_the_loss_by_hand() -> None:
    """Teacher 3/4 and 1/4, student a half each; the other video agrees: half of 0.75 ln 1.5 + 0.25 ln 0.5."""
    student, teacher = double([0.5, 0.5], [0, 0]), double([math.log(3) / 2, 0], [1, 1])
    found = structure_loss(student, teacher, torch.tensor(2.0, dtype=torch.float64))
    assert_close(found, torch.tensor((0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2, dtype=torch.float64))


def test_loss_and_gradients_are_those_of_the_restatement_with_the_scale_in_both_distributions() -> None:
    videos, classes, anchors = units(3, 8), units(5, 8, seed=1), units(6, 8, seed=2)
    of_teacher = structure_similarities(units(3, 8, seed=3), units(5, 8, seed=4), anchors)
    inputs = [values.clone().requires_grad_() for values in (videos, classes, torch.tensor(20.0).double())]
    found = structure_loss(structure_similarities(inputs[0], inputs[1], anchors), of_teacher, inputs[2])
    rows = [page.relative(v, inputs[1], anchors) for v in inputs[0]]
    expected = page.structure(rows, list(of_teacher), inputs[2])
    assert_close(found, expected, atol=1e-12, rtol=1e-12)
    for ours, theirs in zip(
        torch.autograd.grad(found, inputs), torch.autograd.grad(expected, inputs, retain_graph=True), strict=True
    ):
        assert_close(ours, theirs, atol=1e-12, rtol=1e-12)
    detached = structure_loss(torch.stack(rows).detach(), (of_teacher * 20).detach() / 20, inputs[2])
    only_student = (torch.stack(rows).detach() * inputs[2]).log_softmax(dim=1)
    target = (of_teacher * 20).softmax(dim=1)
    plain = (target * (target.log() - only_student)).sum(dim=1).mean()
    both, one = (torch.autograd.grad(term, inputs[2], retain_graph=True)[0] for term in (detached, plain))
    assert abs(both - one) > 1e-3


def test_equal_student_and_teacher_have_no_loss_and_no_gradient() -> None:
    similarities = units(4, 6).requires_grad_()
    scale = torch.tensor(100.0, dtype=torch.float64, requires_grad=True)
    found = structure_loss(similarities, similarities.detach().clone(), scale)
    gradients = torch.autograd.grad(found, [similarities, scale])
    for value in (found, *gradients):
        assert_close(value, torch.zeros_like(value), atol=1e-12, rtol=0)


def test_many_anchors_see_the_cosines_times_their_number_over_the_width() -> None:
    videos, classes = units(4, 32), units(7, 32, seed=1)
    anchors = draw_anchors(100_000, 32, seed=0).double()
    found = structure_similarities(videos, classes, anchors) * 32 / 100_000
    assert_close(found, videos @ classes.T, atol=0.02, rtol=0)


def test_anchors_are_unit_vectors_of_the_seed_alone_and_disturb_no_other_draw() -> None:
    state = torch.get_rng_state()
    anchors = draw_anchors(200, 64, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    assert anchors.shape == (200, 64)
    assert_close(anchors.norm(dim=1), torch.ones(200))
    assert torch.equal(anchors, draw_anchors(200, 64, seed=3))
    assert not torch.equal(anchors, draw_anchors(200, 64, seed=4))
    assert anchors.mean().abs() < 0.01  # standard deviation 1 / sqrt(200 * 64 * 64) = 0.001


def test_the_order_of_anchors_and_their_signs_do_not_matter() -> None:
    videos, classes, anchors = units(2, 8), units(3, 8, seed=1), units(5, 8, seed=2)
    found = structure_similarities(videos, classes, anchors)
    assert_close(structure_similarities(videos, classes, -anchors.flip(0)), found)
