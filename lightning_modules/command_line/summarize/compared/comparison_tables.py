"""The tables of `zsar summarize --compare`."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.lightning_modules.command_line.summarize.compared.comparison import ComparedFigure, RunComparison
from zsar.lightning_modules.command_line.summarize.compared.paired_bootstrap import N_RESAMPLES
from zsar.lightning_modules.command_line.summarize.report_table import Cell, Column, Figure, ReportTable, TableRow
from zsar.lightning_modules.command_line.summarize.results.localization_results import precision_name

INTERVAL_NOTE = (
    f"B - A: in percentage points; interval: 95 %, from {N_RESAMPLES:,} paired bootstraps over the videos, the mean "
    "over the pairs of runs; it says how far the difference depends on which videos were tested, not on the training"
)
FLIPS_NOTE = (
    "flips: videos per run that B makes right / wrong; p: two-sided sign test over the videos, for one run a side "
    "McNemar's exact test"
)
_SMALLEST_P = 0.001


def comparison_tables(comparisons: Sequence[RunComparison]) -> list[ReportTable]:
    """A table for each comparison; the last one has the notes on all.

    Args:
        comparisons: In the order given.
    """
    notes = (INTERVAL_NOTE, FLIPS_NOTE) if any(not c.is_localization for c in comparisons) else (INTERVAL_NOTE,)
    return [_table(c, notes if c is comparisons[-1] else ()) for c in comparisons]


def _table(comparison: RunComparison, notes: tuple[str, ...]) -> ReportTable:
    what = "mAP in % at IoU" if comparison.is_localization else "top-1 in percent"
    columns = [Column(what, is_number=False), *map(Column, ("A", "B", "B - A", "95 % interval"))]
    if not comparison.is_localization:
        columns += [Column("flips"), Column("p")]
    runs = "1 run a side" if comparison.n_pairs == 1 else f"{comparison.n_pairs} runs a side"
    return ReportTable(
        columns=(*columns, Column("videos")),
        rows=tuple(TableRow(_cells(figure, comparison)) for figure in comparison.figures),
        title=f"A {comparison.first}, B {comparison.second}, {runs}",
        notes=notes,
    )


def _cells(figure: ComparedFigure, comparison: RunComparison) -> tuple[Cell, ...]:
    name = precision_name(figure.name) if comparison.is_localization else figure.name.replace("_", " ")
    low, high = figure.interval
    cells: list[Cell] = [name, Figure(figure.first), Figure(figure.second)]
    cells += [Figure(figure.difference, is_change=True), f"{low:+.1f} to {high:+.1f}"]
    if not comparison.is_localization:
        cells += ["" if figure.flips is None else " / ".join(map(_count, figure.flips)), _p(figure.p)]
    return (*cells, "" if figure.n_videos is None else figure.n_videos)


def _count(mean: float) -> str:
    """A mean of counts, without decimals if it is whole."""
    return f"{mean:.1f}".removesuffix(".0")


def _p(p: float | None) -> str:
    if p is None:
        return ""
    return f"< {_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.3f}"
