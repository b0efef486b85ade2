"""The tested runs of a page as `zsar summarize` groups them, beside published figures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import (
    PublishedFigure,
    load_published_figures,
)
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun
from zsar.lightning_modules.command_line.summarize.results.recognition_results import Run
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup, RunGroup, group_runs


def compared_rows(runs: Sequence[ReportedRun]) -> tuple[list[ComparedRow], str | None]:
    """The rows of the tested runs.

    Args:
        runs: The runs of a page; those without a complete test are left out.

    Returns:
        Rows, means over seeds and folds where folders are named so; and None. If runs of one folder differ in more, a
        row for each run, and why they are no row together.
    """
    tested = [run.tested for run in runs if run.tested is not None]
    try:
        groups, problem = group_runs(tested), None
    except ValueError as error:
        groups, problem = [_alone(run) for run in runs if run.tested is not None], str(error)
    return [ComparedRow(group, tuple(compare(group, _published()))) for group in groups], problem


def _alone(run: ReportedRun) -> RunGroup | LocalizationGroup:
    if isinstance(run.tested, LocalizationRun):
        return LocalizationGroup(run.name, (run.tested,))
    assert isinstance(run.tested, Run)
    return RunGroup(run.name, (run.tested,))


@cache
def _published() -> tuple[PublishedFigure, ...]:
    return load_published_figures()
