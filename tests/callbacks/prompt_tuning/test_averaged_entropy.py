import math

import torch

from zsar.callbacks.prompt_tuning.averaged_entropy import averaged_entropy


def test_opposite_certain_views_average_to_the_highest_entropy() -> None:
    scores = torch.tensor([[[50.0, 0.0], [0.0, 50.0]]])
    torch.testing.assert_close(averaged_entropy(scores, torch.ones(1, 2)), torch.tensor([math.log(2)]))
    torch.testing.assert_close(averaged_entropy(scores, torch.tensor([[1.0, 0.0]])), torch.zeros(1), atol=1e-6, rtol=0)


def test_a_view_counts_as_often_as_it_stands_for_views() -> None:
    scores = torch.randn(2, 3, 5)
    weighted = averaged_entropy(scores, torch.tensor([[3.0, 1.0, 0.0]]).expand(2, -1))
    repeated = averaged_entropy(scores[:, [0, 0, 0, 1]], torch.ones(2, 4))
    assert weighted.shape == (2,)
    torch.testing.assert_close(weighted, repeated)


def test_left_out_views_get_no_gradient_and_the_gradient_lowers_the_entropy() -> None:
    scores = torch.randn(1, 3, 5, requires_grad=True)
    kept = torch.tensor([[1.0, 1.0, 0.0]])
    objective = averaged_entropy(scores, kept)
    (gradient,) = torch.autograd.grad(objective.sum(), scores)
    assert gradient[0, 2].abs().max() == 0
    assert gradient[0, :2].abs().max() > 0
    assert averaged_entropy(scores.detach() - 0.1 * gradient, kept) < objective


def test_it_is_computed_in_fp32() -> None:
    assert averaged_entropy(torch.randn(1, 2, 3, dtype=torch.bfloat16), torch.ones(1, 2)).dtype == torch.float32
