"""The rows of a table as published, beside the figures of their runs, named as by `zsar summarize`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from zsar.lightning_modules.command_line.reproduce.paper_tables import Table
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import TablePlan
from zsar.lightning_modules.command_line.summarize.report_table import Column, ReportTable, TableRow
from zsar.lightning_modules.command_line.summarize.results.run_groups import (
    LocalizationGroup,
    RunGroup,
    group_runs,
    read_run,
)
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES

_NOT_RUN = "not run"
_NO_RESULT = "no result"

_Group: TypeAlias = RunGroup | LocalizationGroup


def published_table(plan: TablePlan) -> ReportTable:
    """The published figures of a table, and the figures of the runs of each row.

    Args:
        plan: The table.

    Raises:
        ValueError: A result cannot be read, or runs of one row differ in more than seed and fold.
    """
    table = plan.table
    groups = group_runs([read_run(folder) for folder in result_folders(plan)])
    rows = tuple(
        TableRow((row.name, *table.cells_of(row), _ours(commands, groups, table))) for row, commands in plan.rows
    )
    columns = (Column("row", is_number=False), *map(Column, table.columns), Column("measured here", is_number=False))
    notes = tuple(f"{row.name}: {row.differences}" for row, _ in plan.rows if row.differences is not None)
    what = "measured by zsar before" if table.sweep is not None else "as published"
    return ReportTable(columns=columns, rows=rows, title=f"{table.name}, {what}: {table.title}", notes=notes)


def result_folders(plan: TablePlan) -> list[Path]:
    """The run folders of a table that hold a result of `zsar test`, each once."""
    folders = [command.run_dir for command in plan.commands if command.verb == "test"]
    return [folder for folder in dict.fromkeys(folders) if folder and (folder / RESULT_FILES["test"]).is_file()]


def _ours(commands: Sequence[RowCommand], groups: Sequence[_Group], table: Table) -> str:
    """The figures of the runs of a published row: "t2l_zero_shot_hmdb51 52.1 ± 0.4; t2l_zero_shot_ucf101 78.8"."""
    if table.sweep is not None:
        return "above"
    folders = {command.run_dir for command in commands if command.verb == "test"}
    return "; ".join(_texts(groups, folders)) or (_NO_RESULT if folders else _NOT_RUN)


def _texts(groups: Sequence[_Group], folders: Collection[Path | None]) -> Iterator[str]:
    for group in groups:
        if any(run.folder in folders for run in group.runs):
            named = len(group.set_names) > 1
            figures = (
                f"{name.replace('_', ' ')} {group.figure(name)}" if named else f"{group.figure(name)}"
                for name in group.set_names
            )
            yield f"{group.name} {', '.join(figures)}"
