"""The section on learning curves: each logged metric over the steps of training, all runs in one chart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.line_chart import Series, line_chart
from zsar.lightning_modules.command_line.report.facts.training_logs import LoggedMetric
from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section

_STEP = "_step"
_LEFT_OUT = ("cost/", "lr-")  # the former are in the section on cost, the latter get a chart of their own
_COUNTS = ("n_evaluated", "n_failed", "damaged_frames", "substituted_videos")
_PERCENT = ("top1", "top5", "mean_class", "harmonic_mean")
_SECOND = ("/top5", "/mean_class")  # seldom looked at
_NAMES = {"top1": "top-1", "top5": "top-5", "mean_class": "mean over classes", "cross_entropy": "cross-entropy"}
_WIDE = 30.0  # the highest over the lowest value, from which on a logarithmic axis shows more


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section.

    Args:
        runs: The runs of the page.

    Returns:
        It; None if no run has a log of training.
    """
    names = list(dict.fromkeys(name for run in runs for name in run.training_metrics if not _is_left_out(name)))
    charts = {name: _chart(runs, [name]) for name in sorted(_by_epoch(names), key=_order)}
    rates = list(dict.fromkeys(name for run in runs for name in run.training_metrics if name.startswith("lr-")))
    charts["learning rate"] = _chart(runs, rates, title="learning rate") if rates else None
    first = [chart for name, chart in charts.items() if chart is not None and not name.endswith(_SECOND)]
    more = [chart for name, chart in charts.items() if chart is not None and name.endswith(_SECOND)]
    if not first and not more:
        return None
    html = render("curves.html", {"first": first or more, "more": more if first else []})
    return Section("curves", "Learning curves", html, _summary(runs))


def _by_epoch(names: Sequence[str]) -> list[str]:
    """Metrics, once each: values of single steps only where no mean over an epoch is logged."""
    return [name for name in names if not (name.endswith(_STEP) and name.removesuffix(_STEP) in names)]


def _chart(runs: Sequence[ReportedRun], names: Sequence[str], *, title: str | None = None) -> Markup | None:
    """A chart of metrics of all runs; None if none of them has a finite value that is not constantly zero."""
    series = []
    for number, run in enumerate(runs, 1):
        for name in names:
            metric = run.training_metrics.get(name)
            if metric is not None and any(map(math.isfinite, metric.values)):
                label = run.name if len(names) == 1 else f"{run.name}, {name.removeprefix('lr-')}"
                style = number if len(names) == 1 else None
                series.append(Series(label, metric.steps, metric.values, style))
    values = [value for line in series for value in line.ys if math.isfinite(value)]
    if not any(values):
        return None
    is_percent = names[0].rpartition("/")[2] in _PERCENT
    is_log = not is_percent and min(values) > 0 and max(values) > _WIDE * min(values)
    name = title or _heading(names[0])
    return line_chart(
        series,
        title=name,
        x_label=_steps(runs),
        y_label="percent" if is_percent else name.partition(",")[0],
        log_y=is_log,
        y_limits=(0.0, 100.0) if is_percent else None,
    )


def _steps(runs: Sequence[ReportedRun]) -> str:
    """The label of the axis: steps, and how many an epoch has where all runs agree."""
    lengths = {
        length for run in runs if (length := _steps_of_epoch(run.training_metrics.get("train/loss"))) is not None
    }
    return f"step (an epoch has {lengths.pop():,.0f})" if len(lengths) == 1 else "step"


def _steps_of_epoch(metric: LoggedMetric | None) -> float | None:
    if metric is None or not metric.epochs or metric.epochs[-1] is None:
        return None
    return metric.steps[-1] / (metric.epochs[-1] + 1)


def _summary(runs: Sequence[ReportedRun]) -> str:
    """How the training ended, in words."""
    said = []
    for run in runs[:3]:
        loss = run.training_metrics.get("train/loss")
        if loss is not None and loss.values:
            last = loss.epochs[-1]
            after = "" if last is None else f" in epoch {last + 1}"
            said.append(f"{run.name}: the loss went from {loss.values[0]:.3g} to {loss.values[-1]:.3g}{after}")
    return f"{'; '.join(said)}." if said else ""


def _is_left_out(name: str) -> bool:
    return name.startswith(_LEFT_OUT) or name.removesuffix(_STEP).rpartition("/")[2] in _COUNTS


def _heading(name: str) -> str:
    where, _, what = name.rpartition("/")
    words = _NAMES.get(what, what.removesuffix(_STEP).replace("_", " "))
    place = {"train": "training", "val": "held-out clips"}.get(where, where)
    return f"{words}, {place}" if place else words


def _order(name: str) -> tuple[int, str]:
    first = ("train/loss", "val/cross_entropy", "train/top1", "val/top1")
    return (first.index(name) if name in first else len(first)), name
