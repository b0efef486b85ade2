"""Per-class results: videos, top-1 and the most frequent confusion of each class, of one run or of several."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from zsar.callbacks.pictures.errors.class_table import ClassRow
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import heading, joined, note
from zsar.lightning_modules.command_line.report.sections.errors.answered_sets import (
    AnsweredSet,
    answered_sets,
    shown_sets,
)
from zsar.lightning_modules.command_line.report.tables import Cell, TableCell, TableColumn, data_table

_NOTABLE = 10.0  # percentage points
_NOTABLE_VIDEOS = 2


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None without labelled predictions.

    Args:
        runs: The runs of the page.
    """
    sets, left_out = shown_sets(answered_sets(runs))
    if not sets:
        return None
    pieces = []
    for set_name, answers in sets.items():
        pieces += [heading(set_name)] if len(sets) > 1 else []
        pieces.append(_of_one(answers[0]) if len(answers) == 1 else _side_by_side(answers))
    pieces += [note(left_out)] if left_out else []
    return Section("classes", "Classes", joined(pieces), _summary(next(iter(sets.values()))))


def _of_one(answers: AnsweredSet) -> Markup:
    confusions = answers.confusions
    columns = [
        TableColumn("class"),
        TableColumn("videos", "number"),
        TableColumn("top-1 %", "number"),
        TableColumn("most often taken for"),
        TableColumn("times", "number"),
    ]
    has_failures = bool(confusions.undecodable.sum())
    columns += [TableColumn("not decoded", "number")] if has_failures else []
    rows: list[list[Cell]] = [
        [
            row.name,
            row.n,
            _percent(row),
            row.confused_with or "",
            row.n_confused or None,
            *([row.n_undecodable or None] if has_failures else []),
        ]
        for row in confusions.rows
    ]
    title = f"{len(confusions.names):,} classes of {confusions.set_name} in {answers.run.name}, worst first"
    return data_table(title, columns, rows)


def _side_by_side(of_runs: Sequence[AnsweredSet]) -> Markup:
    by_run = [{row.name: row for row in answers.confusions.rows} for answers in of_runs]
    names = list(dict.fromkeys(name for rows in by_run for name in rows))
    columns = [TableColumn("class"), TableColumn("videos", "number")]
    columns += [TableColumn(f"{answers.run.name}, top-1 %", "number") for answers in of_runs]
    columns += [TableColumn("spread", "number")]
    columns += [TableColumn(f"{answers.run.name}, taken for") for answers in of_runs]
    rows: list[list[Cell]] = []
    for name in names:
        found = [rows_of_run.get(name) for rows_of_run in by_run]
        percents = [None if row is None else _percent(row) for row in found]
        known = [value for value in percents if value is not None]
        spread = max(known) - min(known) if len(known) > 1 else None
        n = max(row.n for row in found if row is not None)
        is_notable = _is_notable(spread, n)
        rows.append(
            [
                name,
                n,
                *(_marked(value, is_notable) for value in percents),
                spread,
                *((row.confused_with or "") if row is not None else "" for row in found),
            ]
        )
    rows.sort(key=lambda row: (-_as_number(row[2 + len(of_runs)]), str(row[0])))
    marked = f"Marked: runs that differ by {_NOTABLE:g} points or more, and by {_NOTABLE_VIDEOS} videos or more."
    title = f"Classes of {of_runs[0].confusions.set_name} by run, those that differ most first"
    return data_table(title, columns, rows, notes=[marked])


def _marked(percent: float | None, is_notable: bool) -> Cell:
    if percent is None:
        return None
    return TableCell(f"{percent:.1f}", percent, tone="differs" if is_notable else "")


def _percent(row: ClassRow) -> float | None:
    return None if row.top1 is None else 100 * row.top1


def _as_number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else -1.0


def _is_notable(spread: float | None, n: int) -> bool:
    return spread is not None and spread >= _NOTABLE and spread * n / 100 >= _NOTABLE_VIDEOS


def _summary(of_runs: Sequence[AnsweredSet]) -> str:
    return _summary_of_one(of_runs[0]) if len(of_runs) == 1 else _summary_of_several(of_runs)


def _summary_of_several(of_runs: Sequence[AnsweredSet]) -> str:
    percents: dict[str, list[float]] = {}
    numbers: dict[str, int] = {}
    for answers in of_runs:
        for row in answers.confusions.rows:
            if row.top1 is not None:
                percents.setdefault(row.name, []).append(100 * row.top1)
                numbers[row.name] = max(row.n, numbers.get(row.name, 0))
    spreads = {name: max(values) - min(values) for name, values in percents.items()}
    n_notable = sum(_is_notable(spread, numbers[name]) for name, spread in spreads.items())
    said = f"{of_runs[0].confusions.set_name}: the runs differ notably in {n_notable:,} of {len(spreads):,} classes"
    widest = max(spreads, key=lambda name: spreads[name])
    return f"{said}, most in {widest}, by {spreads[widest]:.0f} points." if spreads[widest] else f"{said}."


def _summary_of_one(answers: AnsweredSet) -> str:
    rows = [row for row in answers.confusions.rows if row.top1 is not None]
    n_perfect = sum(row.top1 == 1 for row in rows)
    n_none = sum(row.top1 == 0 for row in rows)
    worst = rows[0]
    said = (
        f"{answers.run.name}, {answers.confusions.set_name}: of {len(rows):,} classes, {n_perfect:,} are always right"
    )
    said += f" and {n_none:,} never"
    if worst.top1 == 1:
        return f"{said}."
    taken = f", most often taken for {worst.confused_with}" if worst.confused_with else ""
    return f"{said}; the worst is {worst.name}, right in {100 * (worst.top1 or 0):.0f} % of {worst.n:,} videos{taken}."
