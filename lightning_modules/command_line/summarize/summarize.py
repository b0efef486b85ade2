"""`zsar summarize`: one table of several runs, from their results.json, next to published figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, option
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.report_table import print_tables
from zsar.lightning_modules.command_line.summarize.results.run_groups import GroupBy, group_runs, read_run
from zsar.lightning_modules.command_line.summarize.summary_files import check_suffix, write_summary
from zsar.lightning_modules.command_line.summarize.summary_tables import summary_tables
from zsar.runtime.terminal import result_console, say


@dataclass(frozen=True)
class SummaryOptions:
    """The options of `zsar summarize`."""

    runs: tuple[Path, ...] = argument("run folders, each with a results.json", metavar="RUN")
    group_by: GroupBy = option(
        "folder",
        "which runs form a row. folder: NAME/seed0, NAME/split1, NAME/fold1, ... form the row NAME; any other folder "
        "is one row. settings: all runs that differ only in seed, split seed and fold",
    )
    all_published: bool = option(False, "also compare with other architectures and with the ablations of all methods")
    output: tuple[Path, ...] = option(
        (),
        "also write the tables, in percent: .json (everything), .md (GitHub tables) or .csv (one line per row and "
        "set); may be repeated",
        metavar="FILE",
    )


COMMAND = Command(
    "summarize",
    SummaryOptions,
    description="Print one table of several runs: mean and sample standard deviation (n - 1) over seeds and folds. "
    "Runs of localizers get a separate table: mean average precision by threshold of temporal IoU. If papers report "
    "figures for the data set and protocol, another table compares them with the runs and shows whether frames, "
    "views, class text and splits agree.",
)


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
    options = COMMAND.parse(arguments)
    for path in options.output:
        check_suffix(path)
    groups = group_runs([read_run(folder) for folder in options.runs], options.group_by)
    figures = load_published_figures()
    rows: list[ComparedRow] = []
    n_more = 0
    for group in groups:
        published = compare(group, figures, everything=options.all_published)
        rows.append(ComparedRow(group, tuple(published)))
        n_more += len(compare(group, figures, everything=True)) - len(published)
    console = result_console()
    print_tables(console, summary_tables(rows))
    if n_more:
        console.print(f"{n_more} more published figures (other architectures, ablations): --all_published")
    for path in options.output:
        say(f"wrote {write_summary(path, rows)}")
    return 0
