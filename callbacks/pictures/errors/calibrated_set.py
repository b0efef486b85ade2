"""The calibration of one test set: reliability, risk against coverage, and what thresholds do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from zsar.callbacks.pictures.errors.calibration_numbers import (
    Reliability,
    RiskCoverage,
    Threshold,
    reliability,
    risk_coverage,
)

RISKS = (0.01, 0.05, 0.1, 0.2)
"""The accepted shares of wrong answers for which thresholds are given."""

THRESHOLDS = tuple(round(0.1 * step, 1) for step in range(10))
"""The thresholds whose effect is given, whatever the model."""


@dataclass(frozen=True)
class CalibratedSet:
    """The calibration of a set.

    Attributes:
        set_name: The set.
        n_classes: C; a model that guesses has a confidence of at least 1 / C.
        n_undecodable: Number of videos that could not be decoded, which are left out: they have no confidence.
        n_listed: Number of videos of the set, which a limited test does not reach.
        reliability: Confidences against accuracy.
        risk_coverage: Risk against coverage of thresholds.
        by_own: Whether these are thresholds of own probabilities, as of models with a logit bias; else of those among
            the classes.
    """

    set_name: str
    n_classes: int
    n_undecodable: int
    n_listed: int
    reliability: Reliability
    risk_coverage: RiskCoverage
    by_own: bool = False

    @property
    def n(self) -> int:
        """Number of videos with a prediction."""
        return self.risk_coverage.n

    @property
    def summary(self) -> str:
        """The result in a line: "novel: 96.1 % right at a mean probability of 92.2 %, calibration error 4.1 %"."""
        curve = self.reliability
        return (
            f"{self.set_name}: {100 * curve.mean_accuracy:.1f} % right at a mean probability of "
            f"{100 * curve.mean_confidence:.1f} %, calibration error {100 * curve.ece:.1f} %"
        )

    @property
    def reach(self) -> str:
        """Which videos this is of: "256 videos, 2 not decoded are left out"."""
        parts = [f"{self.n:,} video{'' if self.n == 1 else 's'}"]
        if self.n_undecodable:
            parts.append(f"{self.n_undecodable:,} not decoded {'is' if self.n_undecodable == 1 else 'are'} left out")
        if self.n + self.n_undecodable != self.n_listed:
            parts.append(f"limited test, {self.n_listed:,} are listed")
        return ", ".join(parts)

    def at_risks(self) -> list[tuple[float, Threshold | None]]:
        """For each accepted risk the threshold that answers the most videos; None where no threshold has that risk."""
        return [(risk, self.risk_coverage.for_risk(risk)) for risk in RISKS]


def calibrated(
    confidences: ArrayLike,
    correct: ArrayLike,
    *,
    own: ArrayLike | None = None,
    set_name: str,
    n_classes: int,
    n_undecodable: int,
    n_listed: int,
) -> CalibratedSet:
    """Computes the calibration of a set.

    Args:
        confidences: float [N], probability of each prediction.
        correct: bool [N], whether it is right.
        own: float [N], own probability of each prediction, which thresholds are compared with; None for `confidences`.
        set_name: The set.
        n_classes: C.
        n_undecodable: Number of videos without a prediction.
        n_listed: Number of videos of the set.

    Raises:
        ValueError: There is no prediction, or a confidence is not from 0 to 1.
    """
    curves = reliability(confidences, correct), risk_coverage(confidences if own is None else own, correct)
    return CalibratedSet(set_name, n_classes, n_undecodable, n_listed, *curves, by_own=own is not None)


def calibration_content(one: CalibratedSet, sets: Mapping[str, CalibratedSet]) -> dict[str, Any]:
    """The complete numbers of a set as JSON holds them.

    Args:
        one: The set.
        sets: All sets of the test, by name.

    Returns:
        Reliability, risk against coverage, and thresholds: for each accepted risk, with what the same threshold does to
        the other sets; and at 0, 0.1 ... 0.9. "threshold_of" says that they are thresholds of own probabilities.
    """
    at_risks = []
    for risk, found in one.at_risks():
        elsewhere = {
            name: None if found is None else other.risk_coverage.at(found.threshold).to_dict()
            for name, other in sets.items()
            if name != one.set_name
        }
        at_risks.append({"accepted_risk": risk, "found": found and found.to_dict(), "on_other_sets": elsewhere})
    return {
        "set": one.set_name,
        "n": one.n,
        "n_classes": one.n_classes,
        "n_undecodable": one.n_undecodable,
        "n_listed": one.n_listed,
        "reliability": one.reliability.to_dict(),
        "risk_coverage": one.risk_coverage.to_dict(),
        "thresholds_for_risk": at_risks,
        **({"threshold_of": "own probability"} if one.by_own else {}),
        "thresholds": [one.risk_coverage.at(threshold).to_dict() for threshold in THRESHOLDS],
    }


def nearest_coverages(curve: RiskCoverage, n: int) -> list[int]:
    """Indices of at most n points of a curve, evenly spread over its coverage, with its first and last point.

    Args:
        curve: The curve, which has a point for each confidence.
        n: Number of points, at least 2.
    """
    wanted = np.searchsorted(curve.n_answered, np.linspace(curve.n_answered[0], curve.n, n))
    return sorted(set(wanted.tolist()))
