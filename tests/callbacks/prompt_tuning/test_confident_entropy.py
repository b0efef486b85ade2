import math

import pytest
import torch

from zsar.callbacks.prompt_tuning.confidence_selection import confident_views, entropy, n_confident

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
