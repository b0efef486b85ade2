import math

import pytest
import torch

from zsar.callbacks.prompt_tuning.confident_entropy import averaged_entropy, confident_views, entropy, n_confident

# Four views of one video over two classes: certain, uniform, nearly certain, uncertain.
LOG_P = torch.tensor([[[0.999, 0.001], [0.5, 0.5], [0.99, 0.01], [0.7, 0.3]]]).log()


def test_views_of_lowest_entropy_are_kept() -> None:
    kept = confident_views(LOG_P, torch.ones(4), 0.5)
    assert kept.tolist() == [[1, 0, 1, 0]]


@pytest.mark.parametrize(
    ("n", "share", "expected"), [(64, 0.1, 6), (32, 0.2, 6), (48, 0.8, 38), (5, 0.1, 1), (100, 0.29, 29)]
)
def test_the_number_of_views_is_the_floor_of_the_share_and_at_least_one(n: int, share: float, expected: int) -> None:
    assert n_confident(torch.ones(n), share) == expected


def test_a_view_that_stands_for_several_may_be_kept_in_part() -> None:
    weights = torch.tensor([1.0, 4.0, 1.0, 2.0])  # eight views; five are kept: 1, 1, 2 and one of the four
    assert confident_views(LOG_P, weights, 0.63).tolist() == [[1, 1, 1, 2]]


def test_a_view_of_weight_nought_is_never_kept_however_certain() -> None:
    assert confident_views(LOG_P, torch.tensor([0.0, 1, 1, 1]), 1.0).tolist() == [[0, 1, 1, 1]]
    assert confident_views(LOG_P, torch.tensor([0.0, 1, 1, 1]), 0.34).tolist() == [[0, 0, 1, 0]]


def test_of_equally_confident_views_the_first_is_kept() -> None:
    assert confident_views(LOG_P[:, [1, 1, 1]], torch.ones(3), 0.4).tolist() == [[1, 0, 0]]


def test_videos_are_chosen_for_one_by_one() -> None:
    both = torch.cat([LOG_P, LOG_P.flip(1)])
    assert confident_views(both, torch.ones(4), 0.25).tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]


def test_entropy_is_in_nats_and_a_probability_of_nought_adds_nothing() -> None:
    log_p = torch.tensor([[0.0, -math.inf], [math.log(0.5), math.log(0.5)]])
    torch.testing.assert_close(entropy(log_p), torch.tensor([0.0, math.log(2)]))


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


def test_averaged_entropy_is_computed_in_fp32() -> None:
    assert averaged_entropy(torch.randn(1, 2, 3, dtype=torch.bfloat16), torch.ones(1, 2)).dtype == torch.float32
