import json

import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import multiclass_calibration_error

from zsar.callbacks.pictures.errors.calibration_numbers import Threshold, reliability, risk_coverage

# Two bins: 0.2 (wrong) and 0.4 (right); 0.6 (right), 0.7 (wrong), 0.8 (right).
CONFIDENCES, CORRECT = [0.2, 0.4, 0.6, 0.7, 0.8], [False, True, True, False, True]


def test_a_reliability_curve_computed_by_hand() -> None:
    curve = reliability(CONFIDENCES, CORRECT, n_bins=2)
    assert (curve.edges, curve.n) == ((0, 0.5, 1), (2, 3))
    assert curve.confidence == pytest.approx((0.3, 0.7))
    assert curve.accuracy == pytest.approx((1 / 2, 2 / 3))
    assert curve.ece == pytest.approx((2 * 0.2 + 3 * (0.7 - 2 / 3)) / 5)
    assert curve.largest_error == pytest.approx(0.2)
    assert (curve.mean_confidence, curve.mean_accuracy) == pytest.approx((0.54, 0.6))


def test_empty_bins_have_no_values_and_the_last_bin_has_probability_1() -> None:
    curve = reliability([1.0, 0.0], [True, False], n_bins=4)
    assert curve.n == (1, 0, 0, 1)
    assert curve.accuracy == (0, None, None, 1)
    assert curve.ece == 0
    content = json.loads(json.dumps(curve.to_dict()))
    assert (content["n_bins"], content["norm"], content["confidence"]) == (4, "l1", [0, None, None, 1])


@pytest.mark.parametrize("n_bins", [1, 7, 15])
def test_the_calibration_error_is_that_of_torchmetrics(n_bins: int) -> None:
    torch.manual_seed(0)
    probabilities, labels = (3 * torch.randn(700, 9, dtype=torch.float64)).softmax(dim=1), torch.randint(9, (700,))
    labels = labels.where(torch.rand(700) < 0.4, probabilities.argmax(dim=1))
    best = probabilities.max(dim=1)
    curve = reliability(best.values.numpy(), (best.indices == labels).numpy(), n_bins)
    expected = [
        multiclass_calibration_error(probabilities, labels, num_classes=9, n_bins=n_bins, norm="l1"),
        multiclass_calibration_error(probabilities, labels, num_classes=9, n_bins=n_bins, norm="max"),
    ]
    assert [curve.ece, curve.largest_error] == pytest.approx(list(map(float, expected)), abs=1e-6)  # it uses float32


def test_risk_and_coverage_computed_by_hand() -> None:
    curve = risk_coverage(CONFIDENCES, CORRECT)
    assert curve.confidence == (0.8, 0.7, 0.6, 0.4, 0.2)
    assert curve.coverage == pytest.approx((0.2, 0.4, 0.6, 0.8, 1))
    assert curve.risk == pytest.approx((0, 1 / 2, 1 / 3, 1 / 4, 2 / 5))
    assert curve.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert curve.best_aurc == pytest.approx((0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)
    content = json.loads(json.dumps(curve.to_dict()))
    assert (content["n"], content["coverage"]) == (5, [0.2, 0.4, 0.6, 0.8, 1])


def test_equal_confidences_are_answered_together_in_any_order() -> None:
    curve = risk_coverage([0.5, 0.5, 0.9, 0.5], [True, False, True, True])
    assert (curve.confidence, curve.n_answered, curve.n_wrong) == ((0.9, 0.5), (1, 4), (0, 1))
    # One wrong answer among three of equal confidence: a third of it is expected after each.
    assert curve.aurc == pytest.approx((0 + 1 / 3 / 2 + 2 / 3 / 3 + 1 / 4) / 4)
    assert risk_coverage([0.5, 0.9, 0.5, 0.5], [False, True, True, True]) == curve


def test_the_threshold_for_a_risk_answers_the_most_videos() -> None:
    curve = risk_coverage(CONFIDENCES, CORRECT)
    assert curve.for_risk(0) == Threshold(0.8, 1, 0, 0.2, 0.0)
    assert curve.for_risk(0.25) == Threshold(0.4, 4, 1, 0.8, 0.25)  # beyond 0.7, where the risk is larger
    assert curve.for_risk(0.4) == Threshold(0, 5, 2, 1, 0.4)
    assert risk_coverage([0.9], [False]).for_risk(0.1) is None


def test_a_threshold_is_the_shortest_number_that_answers_these_videos_and_no_others() -> None:
    curve = risk_coverage(np.array([0.87654, 0.87612, 0.2], dtype=np.float32), [True, False, False])
    found = curve.for_risk(0)
    assert found == Threshold(0.8765, 1, 0, 1 / 3, 0)
    rng = np.random.default_rng(0)
    for _ in range(50):
        confidences = rng.random(30, dtype=np.float32)
        found = risk_coverage(confidences, rng.random(30) < 0.7).for_risk(0.2)
        if found is not None:
            assert (confidences.astype(float) >= found.threshold).sum() == found.n_answered


def test_a_threshold_above_all_confidences_answers_nothing() -> None:
    assert risk_coverage(CONFIDENCES, CORRECT).at(0.9) == Threshold(0.9, 0, 0, 0.0, None)
    assert risk_coverage(CONFIDENCES, CORRECT).at(0.7) == Threshold(0.7, 2, 1, 0.4, 0.5)


@pytest.mark.parametrize("right", [True, False])
def test_all_right_and_all_wrong(right: bool) -> None:
    curve = risk_coverage([0.3, 0.9], [right, right])
    assert curve.aurc == curve.best_aurc == (0 if right else 1)
    assert reliability([0.3, 0.9], [right, right]).mean_accuracy == right


@pytest.mark.parametrize(
    ("confidences", "correct", "message"),
    [
        ([], [], "there is no prediction"),
        ([0.1], [True, False], "same length"),
        ([1.5], [True], "from 0 to 1; got 1.5"),
        ([float("nan")], [True], "from 0 to 1; got nan"),
    ],
)
def test_what_are_no_confidences_is_an_error(confidences: list[float], correct: list[bool], message: str) -> None:
    for function in (reliability, risk_coverage):
        with pytest.raises(ValueError, match=message):
            function(confidences, correct)


def test_options_out_of_range_are_errors() -> None:
    with pytest.raises(ValueError, match="n_bins must be at least 1; got 0"):
        reliability(CONFIDENCES, CORRECT, n_bins=0)
    with pytest.raises(ValueError, match="risk is a share of wrong answers, from 0 to 1; got 2"):
        risk_coverage(CONFIDENCES, CORRECT).for_risk(2)
