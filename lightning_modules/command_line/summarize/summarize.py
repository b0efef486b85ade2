"""`zsar summarize`: one table of several runs, from their results.json, next to published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.report_table import print_tables
from zsar.lightning_modules.command_line.summarize.results.run_groups import group_runs, read_run
from zsar.lightning_modules.command_line.summarize.summarize_options import SummaryOptions
from zsar.lightning_modules.command_line.summarize.summary_files import check_suffix, write_summary
from zsar.lightning_modules.command_line.summarize.summary_tables import summary_tables
from zsar.runtime.terminal import result_console, say

if TYPE_CHECKING:
    from zsar.lightning_modules.command_line.summarize.compared.comparison import RunComparison


def run(options: SummaryOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        ValueError: A folder holds no result, a result is not of a whole test set, runs of one row differ in more than
            seed and fold, compared runs are not of the same videos, or an output file has an unknown suffix.
    """
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
    comparisons: list[RunComparison] = []
    if options.compare:
        # imported here, as numpy and torch take seconds
        from zsar.lightning_modules.command_line.summarize.compared.comparison import compare_runs
        from zsar.lightning_modules.command_line.summarize.compared.comparison_tables import comparison_tables

        comparisons = [compare_runs(*pair) for pair in options.compare]
        print_tables(console, comparison_tables(comparisons))
    if n_more:
        console.print(f"{n_more} more published figures (other architectures, ablations): --all_published")
    for path in options.output:
        say(f"wrote {write_summary(path, rows, comparisons)}")
    return 0
