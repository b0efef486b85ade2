"""The table that a test under several perturbations ends with: one row a perturbation, one column a severity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from zsar.runtime.terminal import print_whole, result_console, stacked

Conditions = Mapping[str, Mapping[str, Any]]


def print_robustness(
    sets: Mapping[str, Mapping[str, Any]],
    conditions: Conditions,
    summary: Mapping[str, Any],
    *,
    weights: str | None = None,
) -> None:
    """Prints top-1 in percent of each condition, the means, and relative robustness.

    Args:
        sets: Metrics and counts of each set, as results.json has them.
        conditions: The perturbation, group and severity of each condition, by set.
        summary: What `robustness` says of them.
        weights: Which weights were tested; None for nothing to say.
    """
    severities = list(summary["by_severity"])
    n_failed = sum(int(of_set["n_failed"]) for of_set in sets.values())
    counts = f"{sets['clean']['n_listed']:,} videos in each of {len(sets)} sets, {n_failed:,} failed"
    caption = stacked([counts] if weights is None else [counts, weights])
    table = Table("top-1 %, severity", *severities, "mean", "relative robustness", caption=caption)
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row(*_row("clean", [], summary["clean"], None, width=len(severities)))
    for group, of_group in summary["by_group"].items():
        table.add_section()
        members = _perturbations(conditions, group)
        for perturbation in members:
            of = {str(c["severity"]): sets[name]["top1"] for name, c in conditions.items() if _is(c, perturbation)}
            own = summary["by_perturbation"][perturbation]
            table.add_row(*_row(perturbation, [of[level] for level in severities], own["top1"], own))
        if len(members) > 1:
            table.add_row(*_row(f"mean of {group}", [], of_group["top1"], of_group, width=len(severities)))
    table.add_section()
    of_severities = [summary["by_severity"][level]["top1"] for level in severities]
    table.add_row(*_row("mean of all", of_severities, summary["all"]["top1"], summary["all"]))
    print_whole(result_console(), table)


def _row(
    name: str, figures: list[float], mean: float, robust: Mapping[str, Any] | None, *, width: int = 0
) -> Iterator[str]:
    yield name
    yield from (f"{figure:.1f}" for figure in figures)
    yield from [""] * (width - len(figures))
    yield f"{mean:.1f}"
    share = None if robust is None else robust["relative_robustness"]
    yield "" if share is None else f"{share:.3f}"


def _perturbations(conditions: Conditions, group: str) -> list[str]:
    return list(dict.fromkeys(c["perturbation"] for c in conditions.values() if c["group"] == group))


def _is(condition: Mapping[str, Any], perturbation: str) -> bool:
    return bool(condition["perturbation"] == perturbation)
