"""Which tables, rows and runs are asked for, and the commands that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from zsar.lightning_modules.command_line.batch.expansion import jobs_of, restricted
from zsar.lightning_modules.command_line.batch.sweep_files import Sweep, read_sweep
from zsar.lightning_modules.command_line.reproduce.paper_tables import Papers, Row, Table
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand, row_commands, shared_commands
from zsar.lightning_modules.command_line.reproduce.run_places import option_text
from zsar.lightning_modules.experiments.shipped_configs import located, nowhere
from zsar.runtime.nearest_names import did_you_mean

ALL = "all"
OUTPUT = Path("runs/papers")


@dataclass(frozen=True)
class TablePlan:
    """The commands of a table.

    Attributes:
        table: The table.
        rows: The rows that are asked for, each with its commands; rows without steps have none.
        sweep: The sweep that makes all rows, with its file; None for commands of the rows.
    """

    table: Table
    rows: tuple[tuple[Row, tuple[RowCommand, ...]], ...]
    sweep: tuple[Path, Sweep] | None = None

    @cached_property
    def commands(self) -> list[RowCommand]:
        """Its distinct commands, each after those that it needs."""
        return list(shared_commands([commands for _, commands in self.rows]).values())

    @property
    def words(self) -> list[tuple[str, ...]]:
        """The shell words of all its commands, those of a sweep too."""
        if self.sweep is None:
            return [command.words for command in self.commands]
        return [words for jobs in jobs_of(self.sweep[1]) for job in jobs for words in job.commands]

    def row_of(self, command: RowCommand) -> str:
        """The first row that has a command."""
        return next(row.name for row, commands in self.rows if any(own.words == command.words for own in commands))


@dataclass(frozen=True)
class Selection:
    """What of the tables is asked for.

    Attributes:
        tables: Names of tables ("t2l/table7") and papers ("t2l"), or "all".
        rows: Names of rows; empty for all.
        where: The values to keep of settings that are varied; empty for all.
    """

    tables: Sequence[str]
    rows: Sequence[str] = ()
    where: Mapping[str, tuple[str, ...]] | None = None


def plans_of(
    papers: Papers, selection: Selection, *, output: Path | None = None, overwrite: bool = False
) -> list[TablePlan]:
    """The plans of the tables that are asked for, in the order asked for.

    Args:
        papers: All papers.
        selection: What is asked for.
        output: The folder of all runs; None for runs/papers, and for a sweep its own.
        overwrite: Whether fits begin again.

    Raises:
        ValueError: There is no such table, row, setting or value.
        FileNotFoundError: A configuration does not exist.
    """
    asked = selected_tables(papers, selection.tables)
    _check_rows(asked, selection)
    tables = [_restricted_rows(table, selection.rows) for table in asked]
    tables = [table for table in tables if table.rows or not selection.rows]
    where = selection.where or {}
    _check_where(tables, where)
    return [_plan(table, where, output, overwrite=overwrite) for table in tables]


def selected_tables(papers: Papers, names: Sequence[str]) -> list[Table]:
    """The tables of some names, each once.

    Args:
        papers: All papers.
        names: Tables, papers, or "all".

    Raises:
        ValueError: There is no such table or paper.
    """
    known = {table.name: table for table in papers.tables}
    chosen: dict[str, Table] = {}
    for name in names:
        if name == ALL:
            chosen.update(known)
        elif name in known:
            chosen[name] = known[name]
        elif name in papers.papers:
            chosen.update({table.name: table for table in papers.papers[name].tables.values()})
        else:
            near = did_you_mean(name, [*known, *papers.papers, ALL])
            raise ValueError(f"there is no table {name!r}{near or '; `zsar reproduce --list` names all'}")
    return list(chosen.values())


def _restricted_rows(table: Table, names: Sequence[str]) -> Table:
    if not names:
        return table
    if table.sweep is not None:
        raise ValueError(f"--only chooses rows by their own commands, but {table.name} is one sweep; use --where")
    return replace(table, rows=tuple(row for row in table.rows if row.name in names))


def _check_rows(tables: Sequence[Table], selection: Selection) -> None:
    there = list(dict.fromkeys(row.name for table in tables for row in table.rows))
    for name in selection.rows:
        if name not in there:
            near = did_you_mean(name, there) or "; add --dry_run to see the rows"
            raise ValueError(f"--only {name}: no row of {', '.join(selection.tables)} has this name{near}")


def _check_where(tables: Sequence[Table], where: Mapping[str, tuple[str, ...]]) -> None:
    """Checks that each setting is varied by some step; sweeps check their own."""
    if any(table.sweep is not None for table in tables):
        return
    varied: dict[str, set[str]] = {}
    for step in (step for table in tables for row in table.rows for step in row.steps):
        for key, values in step.vary.items():
            varied.setdefault(key, set()).update(map(option_text, values))
    for key, values in where.items():
        if key not in varied:
            near = did_you_mean(key, varied) or f"; they vary {', '.join(varied) or 'nothing'}"
            raise ValueError(f"--where {key}=...: the tables vary no such setting{near}")
        if unknown := [value for value in values if value not in varied[key]]:
            raise ValueError(f"--where {key}={unknown[0]}: it is one of {', '.join(sorted(varied[key]))}")


def _plan(table: Table, where: Mapping[str, tuple[str, ...]], output: Path | None, *, overwrite: bool) -> TablePlan:
    if table.sweep is not None:
        path, sweep = _sweep(table.sweep)
        sweep = restricted(sweep, where, "--where")
        sweep = sweep if output is None else replace(sweep, folder=str(output / table.key))
        return TablePlan(table, tuple((row, ()) for row in table.rows), (path, sweep))
    try:
        rows = tuple(
            (row, tuple(row_commands(_where(row, where), output=output or OUTPUT, overwrite=overwrite)))
            for row in table.rows
        )
    except (ValueError, FileNotFoundError) as error:
        raise type(error)(f"{table.name}: {error}") from error
    return TablePlan(table, rows)


def _sweep(name: str) -> tuple[Path, Sweep]:
    typed = f"configs/sweeps/{name}.yaml"
    path = located(typed)
    if path is None:
        raise FileNotFoundError(f"there is no sweep {typed}{nowhere(typed)}")
    return path, read_sweep(path)


def _where(row: Row, where: Mapping[str, tuple[str, ...]]) -> Row:
    """The row, limited to the wanted values of the settings that its steps vary."""
    steps = []
    for step in row.steps:
        vary = {
            key: tuple(value for value in values if key not in where or option_text(value) in where[key])
            for key, values in step.vary.items()
        }
        steps.append(replace(step, vary=vary))
    return replace(row, steps=tuple(steps))
