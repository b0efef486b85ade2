"""`zsar reproduce`: runs the commands of a paper's table, or prints them, beside the published figures."""

from __future__ import annotations

from collections.abc import Sequence

from zsar.lightning_modules.command_line.batch.batch import Resources, run_sweep, values_by_name
from zsar.lightning_modules.command_line.reproduce.dry_runs import heading_lines, need_lines, row_lines
from zsar.lightning_modules.command_line.reproduce.papers_file import find_papers_file, read_papers
from zsar.lightning_modules.command_line.reproduce.published_rows import published_table, result_folders
from zsar.lightning_modules.command_line.reproduce.reproduce_options import ReproduceOptions
from zsar.lightning_modules.command_line.reproduce.table_lists import list_of_tables, write_markdown
from zsar.lightning_modules.command_line.reproduce.table_plans import Selection, TablePlan, plans_of
from zsar.lightning_modules.command_line.reproduce.table_runs import (
    RunSettings,
    check_unchanged,
    is_finished,
    run_rows,
)
from zsar.lightning_modules.command_line.summarize import summarize
from zsar.lightning_modules.command_line.summarize.report_table import print_tables
from zsar.lightning_modules.command_line.summarize.summarize_options import SummaryOptions
from zsar.runtime.terminal import result_console, say


def run(options: ReproduceOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a command failed.

    Raises:
        ValueError: There is no such table or row, the file of tables is malformed, something needed is missing, or
            options contradict each other; nothing has been run then.
        FileNotFoundError: There is no such file.
    """
    if options.list == bool(options.tables):
        raise ValueError("give either tables, such as t2l/table7, or --list, which names all of them")
    if options.markdown is not None and not options.list:
        raise ValueError(f"--markdown {options.markdown} is for --list; add it, or leave --markdown out")
    papers = read_papers(find_papers_file(options.papers))
    if options.list:
        print_tables(result_console(), [list_of_tables(papers)])
        if options.markdown is not None:
            say(f"wrote {write_markdown(options.markdown, papers)}")
        return 0
    selection = Selection(options.tables, options.only, values_by_name(options.where, "--where"))
    plans = plans_of(papers, selection, output=options.output, overwrite=options.overwrite)
    settings = RunSettings(options.output, options.jobs, options.threads, options.overwrite)
    if options.dry_run:
        _print_plans(plans, settings)
        return 0
    return _run_plans(plans, settings)


def _print_plans(plans: Sequence[TablePlan], settings: RunSettings) -> None:
    # here, as it builds data modules, which a list of tables needs as little as Lightning
    from zsar.lightning_modules.command_line.reproduce.needed_files import needs_of

    printed: set[tuple[str, ...]] = set()
    for plan in plans:
        say(*heading_lines(plan.table), *need_lines(needs_of(plan.words)))
        if plan.sweep is not None:
            run_sweep(*plan.sweep, _resources(settings), dry_run=True, overwrite=settings.overwrite)
        elif plan.rows:
            say(*row_lines(plan, settings, printed))


def _run_plans(plans: Sequence[TablePlan], settings: RunSettings) -> int:
    if not any(plan.sweep or plan.commands for plan in plans):
        say(*(line for plan in plans for line in heading_lines(plan.table)))
        raise ValueError(
            f"{', '.join(plan.table.name for plan in plans)}: there is nothing to run; see the reasons above"
        )
    for plan in plans:
        check_unchanged(plan, settings)
    _check_needs(plans, settings)
    for plan in plans:
        status = _run_sweep(plan, settings) if plan.sweep is not None else _run_table(plan, settings)
        if status != 0:
            return status
    return 0


def _check_needs(plans: Sequence[TablePlan], settings: RunSettings) -> None:
    """Checks that data and weights are there before the runs start.

    Raises:
        ValueError: Something that a command reads is missing.
    """
    from zsar.lightning_modules.command_line.reproduce.needed_files import needs_of

    for plan in plans:
        pending = [command.words for command in plan.commands if not is_finished(command, settings)]
        missing = [need for need in needs_of(pending) if need.state == "missing"]
        if missing:
            listed = ", ".join(f"{need.name} ({need.what})" for need in missing)
            raise ValueError(
                f"{plan.table.name} lacks data or weights: {listed}; the data root is set by $ZSAR_DATA, and --only "
                "ROW chooses rows that need less"
            )


def _run_sweep(plan: TablePlan, settings: RunSettings) -> int:
    assert plan.sweep is not None
    status = run_sweep(*plan.sweep, _resources(settings), dry_run=False, overwrite=settings.overwrite)
    if status == 0:
        print_tables(result_console(), [published_table(plan)])
    return status


def _run_table(plan: TablePlan, settings: RunSettings) -> int:
    if not plan.commands:
        say(*heading_lines(plan.table))
        return 0
    failures = run_rows(plan, settings)
    for failure in failures:
        say(
            f"zsar reproduce: {failure.job.title} failed: {failure.command} {failure.how}; the rest was not run. Fix "
            "this and rerun the same command; it resumes where it stopped.",
            error=True,
        )
    if failures:
        return 1
    print_tables(result_console(), [published_table(plan)])
    folders = result_folders(plan)
    if not folders:
        return 0
    output = settings.folder / f"{plan.table.paper}_{plan.table.key}.json"
    return summarize.run(SummaryOptions(runs=tuple(folders), output=(output,)))


def _resources(settings: RunSettings) -> Resources:
    return Resources(settings.jobs, settings.threads)
