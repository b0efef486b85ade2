"""The rows of a table as published, beside the run folders that `zsar summarize` reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zsar.lightning_modules.command_line.reproduce.paper_tables import Row
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import TablePlan
from zsar.lightning_modules.command_line.summarize.report_table import Column, ReportTable, TableRow
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES

_NOT_RUN = "not run"


def published_table(plan: TablePlan) -> ReportTable:
    """The published figures of a table, and the runs of each row.

    Args:
        plan: The table.
    """
    table = plan.table
    rows = tuple(
        TableRow((row.name, *_figures(row, len(table.columns)), _runs(commands, is_sweep=table.sweep is not None)))
        for row, commands in plan.rows
    )
    columns = (Column("row", is_number=False), *map(Column, table.columns), Column("runs here", is_number=False))
    notes = tuple(f"{row.name}: {row.differences}" for row, _ in plan.rows if row.differences is not None)
    what = "measured by zsar before" if table.sweep is not None else "as published"
    return ReportTable(columns=columns, rows=rows, title=f"{table.name}, {what}: {table.title}", notes=notes)


def result_folders(plan: TablePlan) -> list[Path]:
    """The run folders of a table that hold a result of `zsar test`, each once."""
    folders = [command.run_dir for command in plan.commands if command.verb == "test"]
    return [folder for folder in dict.fromkeys(folders) if folder and (folder / RESULT_FILES["test"]).is_file()]


def _figures(row: Row, n_columns: int) -> tuple[str, ...]:
    return tuple("-" if figure is None else str(figure) for figure in row.figures) or ("",) * n_columns


def _runs(commands: Sequence[RowCommand], *, is_sweep: bool) -> str:
    """The rows of `zsar summarize` that stand beside a published row."""
    if is_sweep:
        return "above"
    folders = [str(command.run_dir) for command in commands if command.verb == "test"]
    return ", ".join(dict.fromkeys(folders)) or _NOT_RUN
