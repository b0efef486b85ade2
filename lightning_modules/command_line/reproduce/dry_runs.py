"""What a dry run prints: the needs of a table and its commands, as a list for `zsar batch -` and the shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zsar.lightning_modules.command_line.reproduce.paper_tables import Row, Table
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import TablePlan
from zsar.lightning_modules.command_line.reproduce.table_runs import RunSettings, is_finished

if TYPE_CHECKING:
    from zsar.lightning_modules.command_line.reproduce.needed_files import Need


def heading_lines(table: Table) -> Iterator[str]:
    """The first lines of a table: its name and title, and why nothing makes it."""
    yield f"# {table.name}: {table.title}"
    if table.why_not is not None:
        yield f"# no commands: {table.why_not}"


def need_lines(needs: Sequence[Need]) -> Iterator[str]:
    """What a table needs, a line for each thing; checkpoints of its own trainings are left out.

    Args:
        needs: The needs, in order.
    """
    needs = [need for need in needs if (need.what, need.state) != ("checkpoint", "made here")]
    width = max((len(need.state) for need in needs), default=0)
    if needs:
        yield "# needs:"
    yield from (f"#   {need.state:<{width}}  {need.name} ({need.what})" for need in needs)


def row_lines(plan: TablePlan, settings: RunSettings, printed: set[tuple[str, ...]]) -> Iterator[str]:
    """The rows of a table with their commands; finished ones, and those printed before, are comments.

    Args:
        plan: The table.
        settings: How it would be run.
        printed: The commands that were printed before; those of this table are added.
    """
    order = {command.words: number for number, command in enumerate(plan.commands)}
    for row, commands in plan.rows:
        yield f"# {row_heading(row, plan.table)}"
        if row.differences is not None:
            yield f"#   differs from the paper: {row.differences}"
        if row.why_not is not None:
            yield f"#   not run: {row.why_not}"
        for command in sorted(commands, key=lambda command: order[command.words]):
            yield _line(command, settings, printed)
            printed.add(command.words)


def row_heading(row: Row, table: Table) -> str:
    """A row with its figures: "All layers: HMDB-51 52.9, UCF-101 79.1".

    Args:
        row: The row.
        table: Its table.
    """
    figures = ", ".join(
        f"{column} {figure}"
        for column, figure in zip(table.columns, row.figures or (None,) * len(table.columns), strict=True)
        if figure is not None
    )
    return f"{row.name}: {figures}" if figures else row.name


def _line(command: RowCommand, settings: RunSettings, printed: set[tuple[str, ...]]) -> str:
    line = shlex.join(command.words)
    if command.words in printed:
        return f"# above: {line}"
    return f"# done before: {line}" if is_finished(command, settings) else line
