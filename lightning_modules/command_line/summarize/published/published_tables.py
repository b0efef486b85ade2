"""The tables that show rows of runs beside what papers report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, Comparison
from zsar.lightning_modules.command_line.summarize.report_table import Column, Figure, ReportTable, TableRow
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name
from zsar.lightning_modules.command_line.summarize.results.run_groups import RunGroup

SAME = (
    "same: all that the paper states agrees and is recorded, and it leaves nothing open that is compared; texts of one "
    "kind may still differ. Where they do not agree, ours / theirs; what the paper does not state is named."
)

_METHOD = (Column("method", is_number=False), Column("paper and table", is_number=False))
_MATCH = Column("protocol match", is_number=False)
_ACCURACIES = (
    *(*_METHOD, Column("set", is_number=False)),
    *(Column("published"), Column("ours"), Column("difference")),
    _MATCH,
)


def published_tables(rows: Sequence[ComparedRow]) -> list[ReportTable]:
    """A table for each row that has published figures beside it.

    Args:
        rows: The rows of all runs.

    Returns:
        Those of recognition, of which the last says what "same" is; then those of localization.
    """
    compared = [row for row in rows if row.published]
    accuracies = [_accuracy_table(row) for row in compared if isinstance(row.group, RunGroup)]
    if accuracies:
        accuracies[-1] = replace(accuracies[-1], notes=(*accuracies[-1].notes, SAME))
    return accuracies + [_precision_table(row) for row in compared if not isinstance(row.group, RunGroup)]


def _accuracy_table(row: ComparedRow) -> ReportTable:
    """A line for each published figure."""
    lines = []
    for c in row.published:
        published, difference = Figure(c.figure.value, c.figure.std), Figure(c.points, is_change=True)
        named = (c.figure.full_method, "; ".join(c.sources), c.figure.set.replace("_", " "))
        lines.append(TableRow((*named, published, Figure(c.ours), difference, c.match), is_bold=c.same_method))
    notes = [f"{c.figure.source}: {c.figure.note}" for c in row.published if c.same_method and c.figure.note]
    return ReportTable(title=_title(row), columns=_ACCURACIES, rows=tuple(lines), notes=tuple(dict.fromkeys(notes)))


def _precision_table(row: ComparedRow) -> ReportTable:
    """A line of ours, then one for each line of a paper's table."""
    names = [name for name in row.group.set_names if any(c.figure.set == name for c in row.published)]
    lines = [TableRow(("ours", "", *(Figure(row.group.mean(name)) for name in names), ""), ends_section=True)]
    for line in lines_of_papers(row.published):
        values: dict[str, Figure] = {c.figure.set: Figure(c.figure.value) for c in line}
        first = line[0]
        cells = (first.figure.full_method, first.figure.source, *(values.get(name, "") for name in names), first.match)
        lines.append(TableRow(cells, is_bold=first.same_method))
    columns = (*_METHOD, *(Column(precision_name(name)) for name in names), _MATCH)
    return ReportTable(title=_title(row), columns=columns, rows=tuple(lines))


def _title(row: ComparedRow) -> str:
    return f"{row.group.name} beside published figures"


def lines_of_papers(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """Published figures by the line of the paper's table that they stand in.

    Args:
        comparisons: Of one row of ours.

    Returns:
        Those of each line, in the order of their first.
    """
    lines: dict[tuple[str | None, ...], list[Comparison]] = {}
    for comparison in comparisons:
        figure = comparison.figure
        line = (figure.full_method, figure.source, figure.architecture, figure.trained_on)
        lines.setdefault(line, []).append(comparison)
    return list(lines.values())
