"""Kinds of errors by hand."""

import pytest
import torch
from torch import Tensor

from zsar.callbacks.pictures.detection_errors.error_kinds import (
    KINDS,
    counts_of_best,
    prediction_kinds,
    ranks_in_class,
)
from zsar.lightning_modules.localization.average_precision import Matches, match


def rows(*values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(len(values), -1)


# One video: class 0 happens from 10 s to 20 s, class 1 from 40 s to 50 s.
TRUTH = rows((0, 0, 10, 20), (0, 1, 40, 50))


def matched(*predictions: tuple[float, ...], truth: Tensor = TRUTH, threshold: float = 0.5) -> Matches:
    return match(
        rows(*predictions) if predictions else torch.zeros(0, 5, dtype=torch.float64),
        truth,
        thresholds=torch.tensor([threshold], dtype=torch.float64),
    )


def kinds_of(*segments: tuple[float, float], label: int = 0, threshold: float = 0.5) -> list[str]:
    """Kinds of predictions of class 0 whose scores fall."""
    predictions = [(0, label, *segment, 1 - 0.01 * i) for i, segment in enumerate(segments)]
    matches = matched(*predictions, threshold=threshold)
    return [KINDS[kind] for kind in prediction_kinds(matches, 0, threshold=threshold).tolist()]


@pytest.mark.parametrize(
    ("segment", "kind"),
    [
        ((10, 20), "true_positive"),
        ((10, 15), "true_positive"),  # IoU 1/2
        ((10, 14.9), "too_short"),
        ((12, 16), "too_short"),
        ((15.5, 20), "too_short"),  # starts late, ends with it
        ((5, 14), "too_early"),  # IoU 4/15
        ((16, 25), "too_late"),
        ((0, 40), "too_long"),  # IoU 1/4
        ((10, 31), "too_long"),  # starts with it, ends late
        ((40, 50), "wrong_label"),
        ((45, 50), "wrong_label"),
        ((46, 55), "confusion"),  # IoU 4/15 with class 1
        ((0, 10), "background"),  # touches it
        ((9, 10.5), "background"),  # IoU 0.5/11 < 0.1
        ((60, 70), "background"),
    ],
)
def test_each_kind(segment: tuple[float, float], kind: str) -> None:
    assert kinds_of(segment) == [kind]


def test_the_second_prediction_of_an_instance_is_a_double_detection() -> None:
    assert kinds_of((10, 20), (11, 20), (5, 14)) == ["true_positive", "double_detection", "too_early"]


def test_the_threshold_separates_localization_errors_from_the_others() -> None:
    assert kinds_of((10, 20), (11, 20), threshold=0.95) == ["true_positive", "too_short"]
    assert kinds_of((5, 14), threshold=0.2) == ["true_positive"]
    assert kinds_of((46, 55), threshold=0.2) == ["wrong_label"]


def test_a_right_label_at_the_threshold_comes_before_a_wrong_one_and_that_before_a_near_miss() -> None:
    truth = rows((0, 0, 10, 20), (0, 1, 10, 20), (0, 1, 30, 40), (0, 0, 38, 50))
    predictions = [(0, 0, 10, 20, 0.9), (0, 0, 10, 20, 0.8), (0, 0, 30, 41, 0.7)]
    kinds = prediction_kinds(matched(*predictions, truth=truth), 0, threshold=0.5)
    assert [KINDS[kind] for kind in kinds.tolist()] == ["true_positive", "double_detection", "wrong_label"]


def test_instances_of_other_videos_are_not_seen() -> None:
    matches = matched((1, 0, 10, 20, 0.9))
    assert [KINDS[kind] for kind in prediction_kinds(matches, 0, threshold=0.5).tolist()] == ["background"]


def test_no_prediction_has_no_kind() -> None:
    assert prediction_kinds(matched(), 0, threshold=0.5).shape == (0,)


@pytest.mark.parametrize("threshold", [0.1, 0.0, 1.5])
def test_a_threshold_leaves_room_for_localization_errors(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"iou_threshold must be above 0\.1, .* at most 1; got"):
        prediction_kinds(matched((0, 0, 1, 2, 0.5)), 0, threshold=threshold)


def test_ranks_are_within_the_class() -> None:
    matches = matched((0, 0, 0, 1, 0.9), (0, 1, 0, 1, 0.8), (0, 0, 0, 2, 0.7), (0, 1, 0, 2, 0.95))
    assert matches.predictions[:, 1].tolist() == [1, 0, 1, 0]
    assert ranks_in_class(matches.predictions).tolist() == [0, 0, 1, 1]


def test_the_best_predictions_are_counted_by_class() -> None:
    """Class 0 has two instances, so its best G predictions are two; class 1 has one; class 2 none, and is left out."""
    truth = rows((0, 0, 10, 20), (0, 0, 30, 40), (0, 1, 40, 50))
    of_first = [(0, 0, 10, 20, 0.9), (0, 0, 60, 70, 0.8), (0, 0, 30, 40, 0.7), (0, 0, 61, 70, 0.6), (0, 0, 11, 20, 0.5)]
    of_second = [(0, 1, 70, 80, 0.99), (0, 1, 41, 50, 0.2)]
    matches = matched(*of_first, *of_second, (0, 2, 0, 1, 1.0), truth=truth)
    counts = counts_of_best(matches, prediction_kinds(matches, 0, threshold=0.5))
    assert counts.shape == (10, len(KINDS))
    named = [{kind: n for kind, n in zip(KINDS, row, strict=True) if n} for row in counts.tolist()]
    assert named[0] == {"true_positive": 1, "background": 2}
    assert named[1] == {"true_positive": 3, "background": 3}
    assert named[2] == {"true_positive": 3, "background": 3, "double_detection": 1}
    assert named[9] == named[2]


def test_predictions_beyond_ten_times_the_instances_are_not_counted() -> None:
    matches = matched(*[(0, 0, 60, 70, 1 - 0.01 * i) for i in range(12)])
    assert counts_of_best(matches, prediction_kinds(matches, 0, threshold=0.5)).sum(dim=1).tolist() == list(
        range(1, 11)
    )


def test_kinds_do_not_depend_on_the_order_of_rows() -> None:
    torch.manual_seed(0)
    starts, videos = 100 * torch.rand(200, dtype=torch.float64), torch.randint(3, (200,)).double()
    ends, labels = starts + 1 + 20 * torch.rand(200, dtype=torch.float64), torch.randint(3, (200,)).double()
    predictions = torch.stack([videos, labels, starts, ends, torch.rand(200, dtype=torch.float64)], dim=1)
    truth = torch.stack([videos, labels, starts + 2, ends + 3], dim=1)[::7]

    def counted(permuted: Tensor, of_truth: Tensor) -> list[list[int]]:
        matches = match(permuted, of_truth, thresholds=torch.tensor([0.5], dtype=torch.float64))
        kinds = prediction_kinds(matches, 0, threshold=0.5)
        assert set(kinds.tolist()) == set(range(len(KINDS)))  # the example has every kind
        return counts_of_best(matches, kinds).tolist()

    order = torch.randperm(200)
    assert counted(predictions, truth) == counted(predictions[order], truth.flip(0))
