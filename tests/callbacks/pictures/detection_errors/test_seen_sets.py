"""Several draws of classes as one set."""

import pytest
import torch

from zsar.callbacks.pictures.detection_errors.error_numbers import error_numbers
from zsar.callbacks.pictures.detection_errors.seen_sets import SeenSet, pooled


def seen(name: str, names: tuple[str, ...], predictions: list[tuple[float, ...]]) -> SeenSet:
    """Two videos, of 20 s and 40 s; each class happens in each from 10 s to 15 s."""
    truth = [(video, label, 10, 15) for video in (0, 1) for label in range(len(names))]
    return SeenSet(
        name,
        names,
        torch.tensor(predictions, dtype=torch.float64).reshape(-1, 5),
        torch.tensor(truth, dtype=torch.float64),
        {0: 20.0, 1: 40.0},
        n_listed=3,
    )


def test_classes_and_videos_of_each_draw_count_on_their_own() -> None:
    first = seen("split_0", ("run", "swim"), [(0, 0, 10, 15, 0.9), (1, 1, 10, 15, 0.8)])
    second = seen("split_1", ("swim", "jump"), [(1, 0, 10, 15, 0.7)])
    both = pooled([first, second])
    assert both.class_names == ("run (split_0)", "swim (split_0)", "swim (split_1)", "jump (split_1)")
    assert both.predictions.tolist() == [[0, 0, 10, 15, 0.9], [1, 1, 10, 15, 0.8], [3, 2, 10, 15, 0.7]]
    assert both.truth[:, :2].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2], [2, 3], [3, 2], [3, 3]]
    assert (both.durations_seconds, both.n_listed) == ({0: 20, 1: 40, 2: 20, 3: 40}, 6)


def test_map_is_the_mean_of_draws_with_equally_many_classes() -> None:
    sets = [
        seen("split_0", ("run", "swim"), [(0, 0, 10, 15, 0.9), (1, 1, 10, 15, 0.8)]),
        seen("split_1", ("swim", "jump"), [(0, 1, 0, 5, 0.7), (0, 1, 10, 15, 0.5)]),
        seen("split_2", ("run", "jump"), []),
    ]

    def map_of(each: SeenSet) -> float:
        numbers = error_numbers(
            each.predictions,
            each.truth,
            names=each.class_names,
            iou_threshold=0.5,
            durations_seconds=each.durations_seconds,
        )
        return float(numbers["map"])

    assert map_of(pooled(sets)) == pytest.approx(sum(map(map_of, sets)) / 3)
    assert map_of(pooled(sets)) == pytest.approx((50 + 12.5 + 0) / 3)


def test_a_draw_without_instances_seen_adds_nothing() -> None:
    empty = SeenSet("split_1", ("swim",), torch.zeros(0, 5).double(), torch.zeros(0, 4).double(), {}, n_listed=3)
    first = seen("split_0", ("run",), [(0, 0, 10, 15, 0.9)])
    assert pooled([first, empty]).truth.tolist() == first.truth.tolist()
