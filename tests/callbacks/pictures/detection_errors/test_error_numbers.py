"""Numbers of a diagnosis: by hand, and against the metric."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor

from zsar.callbacks.pictures.detection_errors.error_kinds import ERRORS
from zsar.callbacks.pictures.detection_errors.error_numbers import error_numbers
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision


def rows(*values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


TRUTH = rows((0, 0, 10, 20), (1, 0, 10, 20), (0, 1, 40, 50))
# Class 0: right, background, right, double. Class 1: nothing.
PREDICTIONS = rows((0, 0, 10, 20, 0.9), (0, 0, 60, 70, 0.8), (1, 0, 11, 20, 0.7), (1, 0, 10, 19, 0.6))


def numbers(predictions: Tensor, truth: Tensor, *, threshold: float = 0.5, n_classes: int = 3) -> dict[str, Any]:
    return error_numbers(
        predictions,
        truth,
        names=[f"class {i}" for i in range(n_classes)],
        iou_threshold=threshold,
        durations_seconds=dict.fromkeys(range(40), 200.0),
    )


def test_curves_average_precision_errors_and_gains() -> None:
    got = numbers(PREDICTIONS, TRUTH)
    first, second, third = got["classes"]
    assert (first["recall"], first["precision"]) == ([0.5, 1.0], pytest.approx([1, 2 / 3]))
    assert first["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert {kind: n for kind, n in first["errors"].items() if n} == {"background": 1, "double_detection": 1}
    assert (second["recall"], second["average_precision"], second["n_found"]) == ([], 0, 0)
    assert "average_precision" not in third  # it has no instances
    assert got["map"] == pytest.approx(100 * 5 / 12)
    assert got["gain"]["background"] == pytest.approx(50 - 100 * 5 / 12)  # then both are right at once
    assert got["gain"]["all"] == pytest.approx(50 - 100 * 5 / 12)
    assert got["gain"]["double_detection"] == 0  # it is ranked after both
    assert (got["n_instances"], got["n_found"], got["n_predictions"], got["n_classes"]) == (3, 2, 4, 2)
    assert got["best_predictions"][0] == {
        "times": 1,
        "true_positive": 1,
        **dict.fromkeys(ERRORS, 0),
        "background": 1,
    }
    json.dumps(got, allow_nan=False)


def test_predictions_of_a_class_without_instances_are_named_and_count_nowhere() -> None:
    got = numbers(torch.cat([PREDICTIONS, rows((0, 2, 0, 5, 1.0))]), TRUTH)
    before = numbers(PREDICTIONS, TRUTH)
    assert got["n_ignored_predictions"] == 1
    assert {key: got[key] for key in ("map", "errors", "best_predictions", "gain")} == {
        key: before[key] for key in ("map", "errors", "best_predictions", "gain")
    }


def test_without_predictions_everything_is_missed() -> None:
    got = numbers(torch.zeros(0, 5, dtype=torch.float64), TRUTH)
    assert (got["map"], got["n_found"], set(got["gain"].values())) == (0, 0, {0.0})
    assert sum(group["missed"] for group in got["missed"]["length_seconds"]) == 3


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75, 1.0])
def test_map_is_that_of_the_metric_and_is_the_area_under_the_written_curves(threshold: float) -> None:
    torch.manual_seed(0)
    n, n_classes = 600, 12
    videos, labels = torch.randint(40, (n,)), torch.randint(n_classes - 1, (n,))
    starts = 150 * torch.rand(n, dtype=torch.float64)
    seconds = torch.stack([starts, starts + 1 + 20 * torch.rand(n, dtype=torch.float64)], dim=1)
    scores = (10 * torch.rand(n, dtype=torch.float64)).round() / 10  # many are equal
    true = torch.arange(0, n, 3)
    shifted = seconds[true] + 4 * torch.rand(len(true), 1, dtype=torch.float64) * (true[:, None] % 2)
    metric = TemporalMeanAveragePrecision(n_classes, (threshold,))
    metric.update(
        videos=torch.arange(40),
        predicted_videos=videos,
        predicted_classes=labels,
        predicted_seconds=seconds,
        scores=scores,
        true_videos=videos[true],
        true_classes=labels[true],
        true_seconds=shifted,
    )
    got = numbers(
        torch.cat([torch.stack([videos, labels], 1).double(), seconds, scores[:, None]], dim=1),
        torch.cat([torch.stack([videos, labels], 1).double()[true], shifted], dim=1),
        threshold=threshold,
        n_classes=n_classes,
    )
    assert got["map"] == metric.compute()["map"]
    curves = [c for c in got["classes"] if c["n_instances"]]
    areas = [sum(c["precision"]) / c["n_instances"] for c in curves]
    assert areas == pytest.approx([c["average_precision"] for c in curves], abs=1e-12)
    assert 100 * sum(areas) / len(areas) == pytest.approx(got["map"], abs=1e-10)
    assert 0 < got["map"] < 100
    assert all(gain >= 0 for gain in got["gain"].values())
    assert got["n_found"] + sum(got["errors"].values()) == got["n_predictions"]
