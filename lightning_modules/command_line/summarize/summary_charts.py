"""The charts of `zsar summarize`: the main figure of each row, beside the published one; nothing is drawn here."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.callbacks.pictures.result_chart import Published, ResultBar, ResultChart
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow
from zsar.lightning_modules.command_line.summarize.results.evaluation_protocol import LABEL_MAP
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name
from zsar.lightning_modules.command_line.summarize.results.recognition_results import HARMONIC_MEAN
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup

_THRESHOLD = "map_"


def summary_charts(rows: Sequence[ComparedRow]) -> list[ResultChart]:
    """Charts of results, for all rows with the same figures.

    Args:
        rows: The rows of all runs, at least one.

    Returns:
        The charts. Recognition has one of the harmonic mean of base and novel classes, or else one for each set;
        localization has one of the mean over the thresholds, with a curve over them.
    """
    charts: dict[tuple[bool, tuple[str, ...]], list[ComparedRow]] = {}
    for row in rows:
        charts.setdefault((isinstance(row.group, LocalizationGroup), row.group.set_names), []).append(row)
    return [
        chart
        for (is_localization, _), of_chart in charts.items()
        for chart in ([_precision_chart(of_chart)] if is_localization else _accuracy_charts(of_chart))
    ]


def _precision_chart(rows: Sequence[ComparedRow]) -> ResultChart:
    thresholds = [name for name in rows[0].group.set_names if name.startswith(_THRESHOLD)]
    named = ", ".join(map(precision_name, thresholds))
    bars = [_bar(row, "map", curve={precision_name(name): row.group.mean(name) for name in thresholds}) for row in rows]
    if len(thresholds) == 1:
        return ResultChart(f"mAP in % at temporal IoU {named}", tuple(bars))
    return ResultChart(f"mAP in %, mean over temporal IoU {named}", tuple(bars), "mAP in % at each temporal IoU")


def _accuracy_charts(rows: Sequence[ComparedRow]) -> list[ResultChart]:
    names = rows[0].group.set_names
    if LABEL_MAP in names:
        bars = tuple(_bar(row, LABEL_MAP) for row in rows)
        return [ResultChart("mAP over classes in percent, videos with several labels", bars)]
    if HARMONIC_MEAN in names:
        bars = tuple(_bar(row, HARMONIC_MEAN) for row in rows)
        return [ResultChart("top-1 in percent, harmonic mean of base and novel classes", bars)]
    return [
        ResultChart(f"top-1 in percent, {name.replace('_', ' ')}", tuple(_bar(row, name) for row in rows))
        for name in names
    ]


def _bar(row: ComparedRow, name: str, *, curve: dict[str, float] | None = None) -> ResultBar:
    group, best = row.group, row.best_match(name)
    return ResultBar(
        name=group.name,
        value=group.mean(name),
        std=group.std(name),
        runs=tuple(run.figures[name] for run in group.runs),
        published=None
        if best is None
        else Published(best.figure.value, best.figure.std, best.figure.source, bool(best.differences)),
        curve=curve or {},
    )
