"""Average precision by hand; against the reference in `test_temporal_map`."""

import torch

from zsar.lightning_modules.localization.average_precision import average_precision, largest_overlaps


def rows(*values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_it_is_the_area_under_precision_and_recall() -> None:
    truth = rows((0, 0, 0, 10), (1, 0, 0, 10))
    # Right, wrong, right: precision 1 at recall 1/2, 2/3 at recall 1.
    predictions = rows((0, 0, 0, 10, 0.9), (0, 0, 20, 30, 0.8), (1, 0, 0, 10, 0.7))
    got = average_precision(predictions, truth, n_classes=1, thresholds=torch.tensor([0.5]))
    torch.testing.assert_close(got, rows(((1 + 2 / 3) / 2,)))
    torch.testing.assert_close(
        average_precision(predictions.flip(0), truth.flip(0), n_classes=1, thresholds=torch.tensor([0.5])), got
    )


def test_an_instance_is_found_once() -> None:
    predictions = rows((0, 0, 0, 9, 0.9), (0, 0, 0, 10, 0.8))
    got = average_precision(predictions, rows((0, 0, 0, 10)), n_classes=1, thresholds=torch.tensor([0.5, 0.95]))
    torch.testing.assert_close(got, rows((1,), (0.5,)))  # at 0.95 the first is a false positive


def test_average_precision_of_a_class_without_ground_truth_is_nan() -> None:
    predictions = torch.tensor([[0, 0, 0, 10, 0.9], [0, 2, 0, 10, 1]], dtype=torch.float64)
    truth = torch.tensor([[0, 0, 0, 10], [0, 1, 0, 10]], dtype=torch.float64)
    got = average_precision(predictions, truth, n_classes=3, thresholds=torch.tensor([0.5, 1.0]))
    expected = torch.tensor([[1, 0, torch.nan], [1, 0, torch.nan]], dtype=torch.float64)
    torch.testing.assert_close(got, expected, equal_nan=True)


def test_the_largest_overlap_is_with_an_instance_of_the_same_video_and_class() -> None:
    truth = rows((1, 0, 20, 30), (0, 0, 6, 10), (0, 0, 0, 4), (0, 1, 5, 9))
    predictions = rows((0, 0, 0, 8, 0.9), (0, 1, 5, 9, 0.1), (1, 1, 20, 30, 0.2), (1, 0, 25, 30, 0.3), (2, 0, 0, 4, 1))
    torch.testing.assert_close(largest_overlaps(predictions, truth), rows((0.5, 1, 0, 0.5, 0))[0])
    assert largest_overlaps(predictions[:0], truth).shape == (0,)
    torch.testing.assert_close(largest_overlaps(predictions, truth[:0]), torch.zeros(5, dtype=torch.float64))
