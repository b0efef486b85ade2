"""Whether probabilities can be trusted: reliability of confidences, and risk against coverage of a threshold.

The confidence of a video is the probability of its predicted class.

* Reliability (Guo et al., "On Calibration of Modern Neural Networks", 2017, equations 2 and 3): confidences fall into
  equally wide bins; the expected calibration error is the mean distance of accuracy and confidence over all videos,
  each taken from its bin (L1 norm). Bins are [lower, upper), as in torchmetrics, and the last one includes 1, which
  torchmetrics counts as a bin of its own.
* Risk and coverage (Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017): with a threshold
  t, videos with confidence >= t are answered. Coverage is their share of all videos, risk the share of wrong answers
  among them. AURC is the mean risk over all coverages 1/N ... N/N; videos of equal confidence are taken in random
  order, in expectation, so that it does not depend on the order of the videos.

NumPy alone, so that a report computes the same numbers from a table of predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

N_BINS = 15


@dataclass(frozen=True)
class Reliability:
    """A reliability curve.

    Attributes:
        edges: n_bins + 1 edges of the bins, from 0 to 1.
        n: Number of videos in each bin.
        confidence: Mean confidence in each bin; None in an empty one.
        accuracy: Share of correct answers in each bin; None in an empty one.
        ece: Expected calibration error, from 0 to 1 (L1 norm).
        largest_error: Distance of accuracy and confidence in the worst bin.
        mean_confidence: Of all videos.
        mean_accuracy: Of all videos; above the mean confidence, the model is too modest, below it, too sure.
    """

    edges: tuple[float, ...]
    n: tuple[int, ...]
    confidence: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    ece: float
    largest_error: float
    mean_confidence: float
    mean_accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """The curve as JSON holds it, with the number of bins and the norm."""
        return {"n_bins": len(self.n), "norm": "l1", **asdict(self)}


@dataclass(frozen=True)
class Threshold:
    """What one threshold does to a set of videos.

    Attributes:
        threshold: Videos are answered if their confidence is at least this.
        n_answered: Number of videos that are answered.
        n_wrong: Number of wrong answers among them.
        coverage: Share of all videos that is answered.
        risk: Share of wrong answers among them; None without an answer.
    """

    threshold: float
    n_answered: int
    n_wrong: int
    coverage: float
    risk: float | None

    def to_dict(self) -> dict[str, Any]:
        """The threshold as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class RiskCoverage:
    """Risk against coverage for each threshold that makes a difference.

    Attributes:
        confidence: Distinct confidences, descending; as thresholds they answer ever more videos.
        n_answered: Number of videos that each answers.
        n_wrong: Number of wrong answers among them.
        aurc: Area under the curve, from 0 to 1; lower is better.
        best_aurc: That of the same answers if all correct ones had higher confidences than all wrong ones.
    """

    confidence: tuple[float, ...]
    n_answered: tuple[int, ...]
    n_wrong: tuple[int, ...]
    aurc: float
    best_aurc: float

    @property
    def n(self) -> int:
        """Number of videos."""
        return self.n_answered[-1]

    @property
    def coverage(self) -> tuple[float, ...]:
        """Share of all videos that each threshold answers, ascending."""
        return tuple(n / self.n for n in self.n_answered)

    @property
    def risk(self) -> tuple[float, ...]:
        """Share of wrong answers of each threshold."""
        return tuple(wrong / n for wrong, n in zip(self.n_wrong, self.n_answered, strict=True))

    def at(self, threshold: float) -> Threshold:
        """What a threshold does to these videos.

        Args:
            threshold: Videos are answered if their confidence is at least this.
        """
        answering = sum(confidence >= threshold for confidence in self.confidence)
        if not answering:
            return Threshold(threshold, 0, 0, 0.0, None)
        n, wrong = self.n_answered[answering - 1], self.n_wrong[answering - 1]
        return Threshold(threshold, n, wrong, n / self.n, wrong / n)

    def for_risk(self, risk: float) -> Threshold | None:
        """The threshold that answers the most videos at a given risk.

        Args:
            risk: The largest accepted share of wrong answers, from 0 to 1.

        Returns:
            The threshold, as the shortest decimal number that answers these videos and no others; None if every one
            has a larger risk.

        Raises:
            ValueError: The risk is out of range.
        """
        if not 0 <= risk <= 1:
            raise ValueError(f"risk is a share of wrong answers, from 0 to 1; got {risk}")
        fitting = [
            i for i, (n, wrong) in enumerate(zip(self.n_answered, self.n_wrong, strict=True)) if wrong <= risk * n
        ]
        if not fitting:
            return None
        last = fitting[-1]
        below = self.confidence[last + 1] if last + 1 < len(self.confidence) else None
        return self.at(_shortest_decimal(below, self.confidence[last]))

    def to_dict(self) -> dict[str, Any]:
        """The curve as JSON holds it, with coverage and risk of each threshold."""
        return {**asdict(self), "n": self.n, "coverage": self.coverage, "risk": self.risk}


def reliability(confidences: ArrayLike, correct: ArrayLike, n_bins: int = N_BINS) -> Reliability:
    """Compares confidences with how often they are right.

    Args:
        confidences: float [N], probability of each prediction.
        correct: bool [N], whether it is right.
        n_bins: Number of equally wide bins.

    Returns:
        The curve and its summary.

    Raises:
        ValueError: There is no video, the lengths differ, a confidence is not from 0 to 1, or n_bins is below 1.
    """
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1; got {n_bins}")
    sure, right = _checked(confidences, correct)
    edges = np.linspace(0, 1, n_bins + 1)
    bins = np.minimum(np.digitize(sure, edges) - 1, n_bins - 1)
    n = np.bincount(bins, minlength=n_bins)
    filled = np.maximum(n, 1)
    confidence = np.bincount(bins, weights=sure, minlength=n_bins) / filled
    accuracy = np.bincount(bins, weights=right, minlength=n_bins) / filled
    distance = np.abs(confidence - accuracy)
    return Reliability(
        edges=tuple(edges.tolist()),
        n=tuple(n.tolist()),
        confidence=_or_none(confidence, n),
        accuracy=_or_none(accuracy, n),
        ece=float((distance * n).sum() / n.sum()),
        largest_error=float(distance.max()),
        mean_confidence=float(sure.mean()),
        mean_accuracy=float(right.mean()),
    )


def risk_coverage(confidences: ArrayLike, correct: ArrayLike) -> RiskCoverage:
    """The risk of each share of answered videos.

    Args:
        confidences: float [N], probability of each prediction.
        correct: bool [N], whether it is right.

    Returns:
        The curve and the area under it.

    Raises:
        ValueError: There is no video, the lengths differ, or a confidence is not from 0 to 1.
    """
    sure, right = _checked(confidences, correct)
    distinct, group = np.unique(-sure, return_inverse=True)
    n_answered = np.bincount(group).cumsum()
    n_wrong = np.bincount(group, weights=~right).astype(np.int64).cumsum()
    ranks = np.arange(1, len(sure) + 1)
    # Within a group of equal confidence, the expected number of wrong answers grows linearly.
    expected = np.interp(ranks, np.concatenate([[0], n_answered]), np.concatenate([[0], n_wrong]))
    n_right = int(right.sum())
    best = np.maximum(ranks - n_right, 0)
    return RiskCoverage(
        confidence=tuple((-distinct).tolist()),
        n_answered=tuple(n_answered.tolist()),
        n_wrong=tuple(n_wrong.tolist()),
        aurc=float((expected / ranks).mean()),
        best_aurc=float((best / ranks).mean()),
    )


def _checked(confidences: ArrayLike, correct: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    sure, right = np.asarray(confidences, dtype=np.float64), np.asarray(correct, dtype=bool)
    if sure.shape != right.shape or sure.ndim != 1:
        raise ValueError(f"confidences and correct must have the same length; got {sure.shape} and {right.shape}")
    if not len(sure):
        raise ValueError("there is no prediction, so no calibration; give those of at least one decoded video")
    wrong = sure[~((sure >= 0) & (sure <= 1))]
    if len(wrong):
        raise ValueError(f"a confidence is a probability, from 0 to 1; got {wrong[0]}")
    return sure, right


def _or_none(values: NDArray[np.float64], n: Sequence[int] | NDArray[np.int64]) -> tuple[float | None, ...]:
    return tuple(float(value) if count else None for value, count in zip(values, n, strict=True))


def _shortest_decimal(below: float | None, value: float) -> float:
    """The number with the fewest decimals that is above `below` and at most `value`."""
    for decimals in range(18):
        for rounded in (round(value, decimals), round(value - 10**-decimals, decimals)):
            if 0 <= rounded <= value and (below is None or rounded > below):
                return rounded
    return value
