"""How much the frames of a video differ, in a results.json of a test with `FrameMap`."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

MEASURES = {"frame_diversity": "V + C", "frame_spread": "spread"}
"""Measures by their key in a set of results.json, and their heading in tables."""

MEASURES_NOTE = (
    "V + C: variance and central difference of a clip's frame embeddings, which T2L's TFD loss 1 / (1 + V + C) raises; "
    "spread: mean squared distance of the frames from their mean at unit length, on which their length has no influence"
)

Measures = dict[str, dict[str, float]]
"""{measure: {set name: value}}."""


def frame_measures(content: Mapping[str, Any]) -> Measures:
    """The measures of each set.

    Args:
        content: The content of a results.json.

    Returns:
        Those that every set has; empty for a test without `FrameMap`.
    """
    sets = content["sets"]
    there = [measure for measure in MEASURES if all(measure in of_set for of_set in sets.values())]
    return {measure: {name: float(of_set[measure]) for name, of_set in sets.items()} for measure in there}


def mean_measures(runs: Sequence[Measures]) -> dict[str, dict[str, dict[str, float]]]:
    """Mean and sample standard deviation (n - 1) over runs of the same sets.

    Args:
        runs: The measures of each run, at least one.

    Returns:
        {measure: {set name: {"mean": mean, "std": deviation}}}, without "std" for one run; empty if a run has none.
    """
    if not all(runs):
        return {}
    return {
        measure: {name: _mean([run[measure][name] for run in runs]) for name in of_sets}
        for measure, of_sets in runs[0].items()
    }


def _mean(values: Sequence[float]) -> dict[str, float]:
    deviation = {"std": statistics.stdev(values)} if len(values) > 1 else {}
    return {"mean": statistics.mean(values), **deviation}


def in_words(measured: Mapping[str, float]) -> str:
    """A measure with three decimals, and its deviation if any: "0.052 ± 0.003"."""
    return " ± ".join(f"{measured[key]:.3f}" for key in ("mean", "std") if key in measured)
