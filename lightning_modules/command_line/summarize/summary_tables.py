"""The table of what tuning changed: adapted rows of `zsar summarize` beside themselves without tuning."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import fields

from zsar.lightning_modules.command_line.summarize.adapted_results import TuningEffect
from zsar.lightning_modules.command_line.summarize.run_groups import RunGroup
from zsar.lightning_modules.command_line.summarize.run_results import HARMONIC_MEAN

TUNING_COLUMNS = ("adapted", "method", "set", "untuned", "by views", "tuned", "change", "flips", "seconds")
TUNING_NOTE = (
    "untuned: the same texts with the prompt as it was; by views: that, by the mean of the confident views; flips: "
    "videos of a run that tuning makes right / wrong; seconds: of embedding the views and tuning, a video"
)


def tuning_rows(groups: Sequence[RunGroup]) -> list[list[str]]:
    """The rows of the table under `TUNING_COLUMNS`; none where no run was adapted."""
    return [_cells(group, name) for group in groups if group.settings.adaptation for name in group.set_names]


def mean_effect(group: RunGroup, set_name: str) -> dict[str, float]:
    """What tuning changed on a set, mean over the runs of a row.

    Args:
        group: The row.
        set_name: A set, or the harmonic mean, which has accuracies only.

    Returns:
        {name: mean} of the fields of `TuningEffect`, and of "change" in percentage points; empty for a row that was not
        adapted.
    """
    if not group.settings.adaptation:
        return {}
    if set_name == HARMONIC_MEAN:
        names = ["untuned_top1", "views_top1", "tuned_top1"]
    else:
        names = [field.name for field in fields(TuningEffect)]
    means = {name: statistics.mean(_values(group, set_name, name)) for name in names}
    return {**means, "change": means["tuned_top1"] - means["untuned_top1"]}


def _values(group: RunGroup, set_name: str, name: str) -> list[float]:
    """A figure of each run."""
    if set_name != HARMONIC_MEAN:
        return [float(getattr(run.tuning[set_name], name)) for run in group.runs]
    both = zip(_values(group, "base", name), _values(group, "novel", name), strict=True)
    return [2 * base * novel / (base + novel) if base + novel else 0.0 for base, novel in both]


def _cells(group: RunGroup, set_name: str) -> list[str]:
    untuned, by_views, tuned = (_values(group, set_name, f"{name}_top1") for name in ("untuned", "views", "tuned"))
    change = [after - before for before, after in zip(untuned, tuned, strict=True)]
    cells = [group.name, dict(group.settings.adaptation)["method"], set_name.replace("_", " ")]
    cells += [
        _with_deviation(untuned),
        _with_deviation(by_views),
        _with_deviation(tuned),
        _with_deviation(change, sign="+"),
    ]
    mean = mean_effect(group, set_name)
    if set_name == HARMONIC_MEAN:
        return [*cells, "", ""]
    flips = f"{_count(mean['flipped_right'])} / {_count(mean['flipped_wrong'])}"
    return [*cells, flips, f"{mean['encoding_seconds'] + mean['tuning_seconds']:.2f}"]


def _with_deviation(values: Sequence[float], sign: str = "") -> str:
    deviation = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):{sign}.1f}{deviation}"


def _count(mean: float) -> str:
    """A mean of counts, without a decimal where it is whole."""
    return f"{mean:.1f}".removesuffix(".0")
