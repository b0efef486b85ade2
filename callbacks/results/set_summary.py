"""Summary of a test on several sets: means over draws of classes, or over perturbations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zsar.callbacks.results.accuracy_table import print_accuracies
from zsar.callbacks.results.mean_of_sets import mean_accuracies
from zsar.callbacks.results.robustness import robustness
from zsar.callbacks.results.robustness_table import print_robustness

Sets = Mapping[str, Mapping[str, Any]]


def set_summary(sets: Sets, data: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of results.json that several sets share.

    Args:
        sets: Metrics and counts of each set.
        data: What the data module says of itself: with "classes" "halves", the sets are draws of classes; with
            "conditions", they are perturbations beside the clean videos.

    Returns:
        For draws "mean" and "std" of each accuracy; for perturbations "mean" over these, the clean videos left out, and
        "robustness"; else nothing. Perturbations have no "std": they are not draws of one thing.
    """
    if data.get("classes") == "halves":
        return mean_accuracies(list(sets.values()))
    if conditions := data.get("conditions"):
        mean = mean_accuracies([sets[name] for name in conditions])["mean"]
        return {"mean": mean, "robustness": robustness(sets, conditions)}
    return {}


def print_sets(sets: Sets, data: Mapping[str, Any], manifest: Mapping[str, Any], *, weights: str | None) -> None:
    """Prints the table that fits the sets.

    Args:
        sets: Metrics and counts of each set.
        data: What the data module says of itself.
        manifest: Has "harmonic_mean" and what `set_summary` says.
        weights: Which weights were tested; None for nothing to say.
    """
    if "robustness" in manifest:
        print_robustness(sets, data["conditions"], manifest["robustness"], weights=weights)
        return
    mean, std = manifest.get("mean"), manifest.get("std")
    print_accuracies(sets, manifest["harmonic_mean"], mean=mean, std=std, weights=weights)
