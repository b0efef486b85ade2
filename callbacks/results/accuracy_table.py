"""The table of accuracies that a recognizer's run ends with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from zsar.runtime.terminal import print_whole, result_console

_ACCURACIES = {
    "top1": "top-1 %",
    "top5": "top-5 %",
    "mean_class": "mean class %",
    "mean_average_precision": "mAP over classes %",
}
_COUNTS = ("n_listed", "n_evaluated", "n_failed")


def print_accuracies(
    sets: Mapping[str, Mapping[str, Any]],
    harmonic_mean: float | None,
    *,
    mean: Mapping[str, float] | None = None,
    std: Mapping[str, float] | None = None,
    weights: str | None = None,
) -> None:
    """Prints accuracies, or mean average precisions, in percent and counts of each set; a prediction has only counts.

    Args:
        sets: Metrics and counts of each set, as results.json has them.
        harmonic_mean: Of base and novel classes; None for none.
        mean: Mean over the sets, if these are draws of one list; None for none.
        std: Its sample deviation; None for none.
        weights: Which weights were tested; None for nothing to say.
    """
    known = [key for key in _ACCURACIES if any(key in of_set for of_set in sets.values())]
    table = Table("set", *[_ACCURACIES[key] for key in known], "listed", "evaluated", "failed", caption=weights)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, of_set in sets.items():
        table.add_row(name, *_percents(known, of_set), *[str(of_set[k]) for k in _COUNTS])
    if mean is not None:
        table.add_section()
        table.add_row("mean", *_percents(known, mean))
    if std is not None:
        table.add_row("± deviation", *_percents(known, std))
    if harmonic_mean is not None:
        table.add_row("harmonic mean", f"{harmonic_mean:.1f}")
    print_whole(result_console(), table)


def _percents(names: list[str], figures: Mapping[str, Any]) -> list[str]:
    return [f"{figures[name]:.1f}" if name in figures else "" for name in names]
