"""What tuning changed: top-1 before and after test-time adaptation, flipped answers and entropies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.bar_chart import Bar, bar_chart
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import joined, side_by_side
from zsar.lightning_modules.command_line.report.tables import Cell, TableColumn, data_table

_MOST_BARS = 12  # sets of all runs together; more are a table alone
_COLUMNS = (
    TableColumn("run"),
    TableColumn("set"),
    TableColumn("method"),
    TableColumn("untuned %", "number"),
    TableColumn("by views %", "number"),
    TableColumn("tuned %", "number"),
    TableColumn("change", "number"),
    TableColumn("made right", "number", 0),
    TableColumn("made wrong", "number", 0),
    TableColumn("entropy before, nats", "number", 3),
    TableColumn("after", "number", 3),
    TableColumn("not tuned", "number", 0),
    TableColumn("tuning, s per video", "number", 3),
)
_NOTES = (
    "Untuned: top-1 before tuning, with the same views and the same ensemble; by views: top-1 of the averaged "
    "confident views, before tuning.",
    "Made right or wrong: videos whose answer was wrong before and is right after tuning, or the reverse.",
)


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None where no run was adapted.

    Args:
        runs: The runs of the page.
    """
    effects = [effect for run in runs for effect in _effects(run)]
    if not effects:
        return None
    pieces: list[Markup] = []
    if len(effects) <= _MOST_BARS:
        pieces.append(side_by_side([_chart(effects)]))
    rows = [_row(*effect) for effect in effects]
    pieces.append(data_table("Before and after tuning", _COLUMNS, rows, notes=_NOTES))
    return Section("tuning", "What tuning changed", joined(pieces), _summary(*effects[0]))


_Effect = tuple[str, str, str, Mapping[str, Any]]  # run, set, method, figures


def _effects(run: ReportedRun) -> Iterator[_Effect]:
    for content in run.results.values():
        method = part(content, "adaptation", "method", kind=str) or ""
        for name, figures in (part(content, "sets", kind=dict) or {}).items():
            before, after = (part(figures, key, kind=float) for key in ("untuned_top1", "tuned_top1"))
            if before is not None and after is not None:
                yield run.name, name, method, figures


def _chart(effects: Sequence[_Effect]) -> Markup:
    several_runs = len({run for run, *_ in effects}) > 1
    bars = [
        Bar(f"{run}, {name}" if several_runs else name, float(of["tuned_top1"]), reference=float(of["untuned_top1"]))
        for run, name, _, of in effects
    ]
    return bar_chart(bars, title="Top-1 after tuning", x_label="top-1, %", reference_name="untuned", high=100.0)


def _row(run: str, set_name: str, method: str, of: Mapping[str, Any]) -> list[Cell]:
    def figure(key: str) -> float | None:
        return part(of, key, kind=float)

    before, after = float(of["untuned_top1"]), float(of["tuned_top1"])
    row: list[Cell] = [run, set_name, method, before, figure("views_top1"), after, after - before]
    row += [figure("flipped_right"), figure("flipped_wrong"), figure("entropy_before"), figure("entropy_after")]
    return [*row, figure("not_tuned"), figure("tuning_seconds")]


def _summary(run: str, set_name: str, method: str, of: Mapping[str, Any]) -> str:
    before, after = float(of["untuned_top1"]), float(of["tuned_top1"])
    right, wrong = (part(of, key, kind=float) for key in ("flipped_right", "flipped_wrong"))
    said = f"{run}, {set_name}: {method or 'tuning'} changed top-1 from {before:.1f} to {after:.1f} %"
    if right is None or wrong is None:
        return f"{said}."
    return f"{said}; {right:,.0f} answers were made right and {wrong:,.0f} wrong."
