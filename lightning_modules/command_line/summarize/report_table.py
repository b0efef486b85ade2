"""A generic report table, with columns, rows of typed cells and notes, and its three renderings.

A terminal, a Markdown file and a CSV file show the same table. What differs between recognizers, localizers, tuning and
published figures are the columns and rows, which `summary_tables` makes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zsar.runtime.terminal import print_whole, stacked

# Deviations go below the means in tables with more columns, or that do not fit into a terminal narrower than this.
_MOST_COLUMNS = 9
_NARROW = 100  # characters
_UNLIMITED = 10_000


@dataclass(frozen=True)
class Figure:
    """A number as papers print it: "52.9", or "52.9 ± 0.6".

    Attributes:
        value: A mean, or a single value.
        std: Its standard deviation; None for none.
        is_change: Whether its sign is always shown: "+1.5".
    """

    value: float
    std: float | None = None
    is_change: bool = False

    def __str__(self) -> str:
        """The number with one decimal, and its deviation if any."""
        return " ".join(self.parts)

    @property
    def parts(self) -> list[str]:
        """The number, and its deviation if any."""
        value = f"{self.value:{'+' if self.is_change else ''}.1f}"
        return [value] if self.std is None else [value, f"± {self.std:.1f}"]


Cell: TypeAlias = str | int | float | Figure


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        header: Its heading.
        is_number: Whether its cells are right-aligned.
    """

    header: str
    is_number: bool = True


@dataclass(frozen=True)
class TableRow:
    """A row.

    Attributes:
        cells: A cell for each column.
        is_bold: Whether a terminal shows it in bold.
        ends_section: Whether a terminal draws a line below it.
    """

    cells: tuple[Cell, ...]
    is_bold: bool = False
    ends_section: bool = False


@dataclass(frozen=True, kw_only=True)
class ReportTable:
    """A table with title and notes.

    Attributes:
        columns: From left to right.
        rows: From top to bottom.
        title: Text above it; None for none.
        notes: Sentences below it.
    """

    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    title: str | None = None
    notes: tuple[str, ...] = ()


def print_tables(console: Console, tables: Sequence[ReportTable]) -> None:
    """Prints tables and their notes to a terminal, of any width.

    Args:
        console: The terminal; nothing is cut off if it is narrow.
        tables: The tables.
    """
    for table in tables:
        drawn = _rich_table(table, is_stacked=len(table.columns) > _MOST_COLUMNS)
        if console.width < _NARROW and not _fits(console, drawn):
            drawn = _rich_table(table, is_stacked=True)
        print_whole(console, drawn)
        for note in table.notes:
            console.print(note)


def markdown_text(tables: Sequence[ReportTable]) -> str:
    """Tables and their notes as GitHub shows them; each note is a sentence.

    Args:
        tables: The tables.

    Returns:
        The text of a Markdown file.
    """
    blocks: list[str] = []
    for table in tables:
        blocks += [] if table.title is None else [f"{table.title}:\n"]
        blocks.append(_github_table(table))
        blocks += [f"{note.removesuffix('.')}.\n" for note in table.notes]
    return "\n".join(blocks)


def csv_text(table: ReportTable) -> str:
    """A table for other programs, without title and notes.

    Args:
        table: The table.

    Returns:
        The text of a CSV file.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.header for column in table.columns)
    writer.writerows(row.cells for row in table.rows)
    return text.getvalue()


def _fits(console: Console, drawn: Table) -> bool:
    return console.measure(drawn, options=console.options.update(width=_UNLIMITED)).maximum <= console.width


def _rich_table(table: ReportTable, *, is_stacked: bool) -> Table:
    drawn = Table(title=table.title, title_justify="left", padding=(0, 0) if is_stacked else (0, 1))
    for column in table.columns:
        drawn.add_column(column.header, justify="right" if column.is_number else "left")
    for row in table.rows:
        cells = [_rich_cell(cell, is_stacked=is_stacked) for cell in row.cells]
        drawn.add_row(*cells, style="bold" if row.is_bold else None, end_section=row.ends_section)
    return drawn


def _rich_cell(cell: Cell, *, is_stacked: bool) -> str | Text:
    return stacked(cell.parts) if is_stacked and isinstance(cell, Figure) else str(cell)


def _github_table(table: ReportTable) -> str:
    lines = [[column.header for column in table.columns], ["---:" if c.is_number else "---" for c in table.columns]]
    lines += [[str(cell).replace("|", "\\|") for cell in row.cells] for row in table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
