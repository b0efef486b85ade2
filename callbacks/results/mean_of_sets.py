"""Mean and deviation of metrics over the sets of one test, such as ten draws of classes."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

_COUNTS = ("n_classes", "n_videos", "n_listed")
_ACCURACIES = ("top1", "top5", "mean_class", "untuned_top1", "views_top1", "tuned_top1")


def mean_and_deviation(sets: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Averages the metrics of several sets.

    Args:
        sets: Metrics and counts of each set; sets without metrics, since none of their actions was seen, are ignored.

    Returns:
        "mean" of each metric, and "std", the sample deviation (n - 1), None for a single set.
    """
    measured = [{name: value for name, value in of_set.items() if name not in _COUNTS} for of_set in sets]
    measured = [of_set for of_set in measured if of_set]
    values = {name: [of_set[name] for of_set in measured] for name in measured[0]}
    return {
        "mean": {name: statistics.mean(of_sets) for name, of_sets in values.items()},
        "std": {name: statistics.stdev(of_sets) for name, of_sets in values.items()} if len(measured) > 1 else None,
    }


def mean_accuracies(sets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Averages the accuracies of several sets of a recognizer, and those before tuning, in percent.

    Args:
        sets: Metrics and counts of each set, as results.json has them; others than accuracies are ignored.

    Returns:
        "mean" and "std" of each accuracy, as `mean_and_deviation`.
    """
    return mean_and_deviation([{name: of_set[name] for name in _ACCURACIES if name in of_set} for of_set in sets])
