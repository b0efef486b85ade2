"""`zsar summarize`: one table of several runs, from their results.json, beside what papers report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from zsar.lightning_modules.command_line.options.command_parser import CommandParser
from zsar.lightning_modules.command_line.options.fields import as_path
from zsar.lightning_modules.command_line.summarize.localization_results import (
    LocalizationRun,
    is_localization,
    localization_run,
)
from zsar.lightning_modules.command_line.summarize.localization_table import (
    by_thresholds,
    localization_cells,
    localization_columns,
    localization_notes,
)
from zsar.lightning_modules.command_line.summarize.published_comparison import Comparison, compare
from zsar.lightning_modules.command_line.summarize.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.published_localization import (
    PublishedRow,
    published_rows,
    published_table,
)
from zsar.lightning_modules.command_line.summarize.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.run_groups import LocalizationGroup, RunGroup, group_tasks
from zsar.lightning_modules.command_line.summarize.run_results import Run, recognition_run
from zsar.lightning_modules.command_line.summarize.summary_files import (
    DEVIATION,
    PUBLISHED_COLUMNS,
    SAME,
    by_sets,
    check_suffix,
    notes,
    published_cells,
    text_notes,
    write_summary,
)
from zsar.lightning_modules.command_line.summarize.tuning_table import TUNING_COLUMNS, TUNING_NOTE, tuning_rows
from zsar.runtime.terminal import print_whole, result_console, say, stacked

_WIDE = 9  # columns of localization, beyond which deviations stand under the means, as they would not fit beside them


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar summarize`; None for the real one.

    Returns:
        0.

    Raises:
        ValueError: A folder holds no result, a result is not of a whole test set, runs of one row differ in more than
            seed and fold, or an output file has an unknown suffix.
    """
    options = _parser().parse_args(arguments)
    for path in options.output:
        check_suffix(path)
    groups, localized = group_tasks([_read(folder) for folder in options.runs], options.group_by)
    figures = load_published_figures()
    compared = [(group, compare(group, figures, everything=options.all_published)) for group in groups]
    n_more = sum(len(compare(group, figures, everything=True)) - len(shown) for group, shown in compared)
    beside = [(group, published_rows(group, figures, everything=options.all_published)) for group in localized]
    n_more += sum(len(published_rows(group, figures, everything=True)) - len(shown) for group, shown in beside)
    console = result_console()
    _print_runs(console, groups)
    for note in text_notes(groups):
        console.print(note)
    _print_tuning(console, groups)
    _print_localization(console, localized)
    for group, comparisons in compared:
        if comparisons:
            _print_published(console, group, comparisons)
    if any(comparisons for _, comparisons in compared):
        console.print(SAME)
    for localizer, rows in beside:
        if rows:
            _print_published_localization(console, localizer, rows)
    if n_more:
        console.print(f"{n_more} more published figures (other architectures, ablations): --all-published")
    for path in options.output:
        say(f"wrote {write_summary(path, compared, beside)}")
    return 0


def _read(folder: Path) -> Run | LocalizationRun:
    content = read_result(folder)
    return localization_run(folder, content) if is_localization(content) else recognition_run(folder, content)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="zsar summarize",
        description="One table of several runs: mean and sample standard deviation (n - 1) over seeds and folds. Runs "
        "of localizers have a table of their own: mean average precision by threshold of temporal IoU. Where papers "
        "report figures for the data set and protocol, a further table compares ours with theirs and says whether "
        "frames, views, class text and splits agree.",
    )
    parser.add_argument("runs", nargs="+", type=as_path, metavar="RUN", help="run folders, each with a results.json")
    parser.add_argument(
        "--group-by",
        choices=("folder", "settings"),
        default="folder",
        help="what one row is. folder (default): NAME/seed0, NAME/split1, NAME/fold1, ... are the row NAME, any other "
        "folder is a row of its own. settings: all runs that differ in seed, split seed and fold only",
    )
    parser.add_argument(
        "--all-published",
        action="store_true",
        help="compare with other architectures and with the ablations of all methods, too",
    )
    parser.add_argument(
        "--output",
        type=as_path,
        action="append",
        default=[],
        metavar="FILE",
        help="also write the tables, in percent: .json (everything), .md (GitHub tables) or .csv (one line per row and "
        "set); may be given several times",
    )
    return parser


def _print_runs(console: Console, groups: Sequence[RunGroup]) -> None:
    for rows in by_sets(groups):
        table = Table("top-1 in percent", *[name.replace("_", " ") for name in rows[0].set_names], "runs")
        for column in table.columns[1:]:
            column.justify = "right"
        for group in rows:
            cells = [group.text(name) for name in group.set_names]
            table.add_row(group.name, *cells, str(len(group.runs)))
        print_whole(console, table)
    if any(len(group.runs) > 1 for group in groups):
        console.print(DEVIATION)


def _print_tuning(console: Console, groups: Sequence[RunGroup]) -> None:
    rows = tuning_rows(groups)
    if not rows:
        return
    table = Table(*TUNING_COLUMNS)
    table.columns[0].overflow = "fold"
    for column in table.columns[3:]:
        column.justify = "right"
    for cells in rows:
        table.add_row(*cells)
    print_whole(console, table)
    console.print(TUNING_NOTE)


def _print_localization(console: Console, groups: Sequence[LocalizationGroup]) -> None:
    for rows in by_thresholds(groups):
        columns = localization_columns(rows)
        is_wide = len(columns) > _WIDE
        table = Table(*columns, padding=(0, 0) if is_wide else (0, 1))
        table.columns[0].overflow = "fold"
        for column in table.columns[1:]:
            column.justify = "right"
        for group in rows:
            name, *cells = localization_cells(group)
            table.add_row(
                name, *[stacked(cell.replace(" ±", "\n±").split("\n")) if is_wide else cell for cell in cells]
            )
        print_whole(console, table)
    for note in localization_notes(groups):
        console.print(note)
    if any(len(group.runs) > 1 for group in groups):
        console.print(DEVIATION)


def _print_published(console: Console, group: RunGroup, comparisons: Sequence[Comparison]) -> None:
    table = Table(*PUBLISHED_COLUMNS, title=f"{group.name} beside published figures", title_justify="left")
    for column in table.columns[3:6]:
        column.justify = "right"
    for comparison in comparisons:
        cells = published_cells(comparison)
        table.add_row(*cells, style="bold" if comparison.same_method else None)
    print_whole(console, table)
    for note in notes(comparisons):
        console.print(note)


def _print_published_localization(console: Console, group: LocalizationGroup, rows: Sequence[PublishedRow]) -> None:
    header, (ours, *theirs) = published_table(group, rows)
    table = Table(*header, title=f"{group.name} beside published figures", title_justify="left")
    for column in table.columns[2:-1]:
        column.justify = "right"
    table.add_row(*ours, end_section=True)
    for row, cells in zip(rows, theirs, strict=True):
        table.add_row(*cells, style="bold" if row.same_method else None)
    print_whole(console, table)
