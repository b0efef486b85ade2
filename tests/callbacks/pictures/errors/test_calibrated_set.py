import json

import numpy as np
import pytest

from zsar.callbacks.pictures.errors.calibrated_set import (
    RISKS,
    CalibratedSet,
    calibrated,
    calibration_content,
    nearest_coverages,
)
from zsar.callbacks.pictures.errors.calibration_numbers import risk_coverage


def of(name: str, confidences: list[float], correct: list[bool], **changes: int) -> CalibratedSet:
    counts = {"n_classes": 4, "n_undecodable": 0, "n_listed": len(correct), **changes}
    return calibrated(confidences, correct, set_name=name, **counts)


BASE = of("base", [0.9, 0.8, 0.7, 0.6], [True, True, False, True])
NOVEL = of("novel", [0.85, 0.5], [False, True], n_undecodable=1, n_listed=9)


def test_the_summary_compares_accuracy_and_mean_probability() -> None:
    assert BASE.summary == "base: 75.0 % right at a mean probability of 75.0 %, calibration error 35.0 %"
    assert BASE.reach == "4 videos"
    assert NOVEL.reach == "2 videos, 1 not decoded is left out, limited test, 9 are listed"


def test_thresholds_for_accepted_risks() -> None:
    found = BASE.at_risks()
    assert [risk for risk, _ in found] == list(RISKS)
    assert [threshold and (threshold.threshold, threshold.coverage) for _, threshold in found] == [(0.8, 0.5)] * 4
    assert [threshold for _, threshold in NOVEL.at_risks()] == [None] * 4


def test_the_numbers_say_what_a_threshold_does_to_the_other_sets() -> None:
    content = json.loads(json.dumps(calibration_content(BASE, {"base": BASE, "novel": NOVEL})))
    first = content["thresholds_for_risk"][0]
    assert (first["accepted_risk"], first["found"]["threshold"], first["found"]["n_answered"]) == (0.01, 0.8, 2)
    assert first["on_other_sets"] == {
        "novel": {"threshold": 0.8, "n_answered": 1, "n_wrong": 1, "coverage": 0.5, "risk": 1.0}
    }
    assert [t["n_answered"] for t in content["thresholds"]] == [4, 4, 4, 4, 4, 4, 4, 3, 2, 1]
    assert content["risk_coverage"]["confidence"] == [0.9, 0.8, 0.7, 0.6]
    other = calibration_content(NOVEL, {"base": BASE, "novel": NOVEL})["thresholds_for_risk"][0]
    assert (other["found"], other["on_other_sets"]) == (None, {"base": None})


def test_a_set_without_predictions_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no prediction"):
        of("base", [], [])


def test_points_of_a_curve_are_spread_over_its_coverage() -> None:
    curve = risk_coverage(np.linspace(0, 1, 1001), np.arange(1001) % 3 > 0)
    points = nearest_coverages(curve, 11)
    assert (points[0], points[-1], len(points)) == (0, 1000, 11)
    assert set(np.diff(points)) == {100}
    assert nearest_coverages(risk_coverage([0.5, 0.5], [True, False]), 9) == [0]


def test_thresholds_may_be_those_of_own_probabilities() -> None:
    sure, right = [0.9, 0.8, 0.7, 0.6], [True, True, False, True]
    counts = {"set_name": "base", "n_classes": 4, "n_undecodable": 0, "n_listed": 4}
    made = calibrated(sure, right, own=[0.04, 0.03, 0.02, 0.01], **counts)  # type: ignore[arg-type]
    assert made.by_own
    assert made.reliability == BASE.reliability
    assert made.risk_coverage == risk_coverage([0.04, 0.03, 0.02, 0.01], right)
    content = calibration_content(made, {"base": made})
    assert content["thresholds_for_risk"][0]["found"]["threshold"] == 0.03
    assert content["threshold_of"] == "own probability"
    assert "threshold_of" not in calibration_content(BASE, {"base": BASE})
