"""`zsar summarize`: one table of several runs, from their results.json, next to published figures."""

from __future__ import annotations

from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.report_table import print_tables
from zsar.lightning_modules.command_line.summarize.results.run_groups import group_runs, read_run
from zsar.lightning_modules.command_line.summarize.summarize_options import SummaryOptions
from zsar.lightning_modules.command_line.summarize.summary_files import check_suffix, write_summary
from zsar.lightning_modules.command_line.summarize.summary_tables import summary_tables
from zsar.runtime.terminal import result_console, say


def run(options: SummaryOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        ValueError: A folder holds no result, a result is not of a whole test set, runs of one row differ in more than
            seed and fold, or an output file has an unknown suffix.
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
    if n_more:
        console.print(f"{n_more} more published figures (other architectures, ablations): --all_published")
    for path in options.output:
        say(f"wrote {write_summary(path, rows)}")
    return 0
