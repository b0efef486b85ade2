"""Tables of a page, which the reader sorts and searches; large ones are JSON that the page shows in parts.

A table of up to `MOST_PLAIN` rows is HTML, readable without JavaScript. One of 20,000 rows would be slow as HTML:
it is written column by column, each text once, and `templates/tables.js` makes the rows that are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.summarize.report_table import Figure, ReportTable
from zsar.runtime.terminal import shown

MOST_PLAIN = 500
"""Rows of the largest table that is written as HTML."""

MARKED = "Marked: other than in most runs."
"""The note of a table with `marked_cells`."""

_ROWS_OF_A_PAGE = 50
_LEAST_SEARCHED = 12  # rows; a shorter table is seen at a glance
_LONG = 24  # characters; a column with longer texts is not squeezed
_MOST_FILTERED = 100  # values that a filter offers


@dataclass(frozen=True)
class TableColumn:
    """A column.

    Attributes:
        header: Its heading.
        kind: "number" for cells that are aligned and sorted as numbers, "fixed" for texts that stay on one line.
        decimals: Digits after the point, of plain numbers.
        is_filter: Whether the reader can choose among its values.
    """

    header: str
    kind: Literal["text", "number", "fixed"] = "text"
    decimals: int = 1
    is_filter: bool = False


@dataclass(frozen=True)
class TableCell:
    """A cell with more than its text.

    Attributes:
        text: What is shown.
        key: What it is sorted by; None for its text.
        href: Where it leads; "" for nowhere. It must begin with "./", "../" or "#".
        tone: How it stands out: "differs", "strong", "muted", "right", "wrong".
    """

    text: str
    key: float | str | None = None
    href: str = ""
    tone: Literal["", "differs", "strong", "muted", "right", "wrong"] = ""

    def __post_init__(self) -> None:
        """Checks that a link stays within pages."""
        if self.href and not self.href.startswith(("./", "../", "#")):
            raise ValueError(f"a link must begin with ./, ../ or #, so that it names no scheme; got {self.href!r}")


Cell: TypeAlias = TableCell | str | int | float | None


@dataclass(frozen=True)
class _Written:
    """A cell as the template writes it."""

    text: str
    key: float | str = ""
    href: str = ""
    tone: str = ""
    attributes: Markup = field(default=Markup())


def data_table(
    caption: str, columns: Sequence[TableColumn], rows: Sequence[Sequence[Cell]], *, notes: Sequence[str] = ()
) -> Markup:
    """A table that can be sorted by each column, and searched if it has more than a few rows.

    Args:
        caption: What it is of, as text.
        columns: From left to right.
        rows: From top to bottom, a cell for each column; with more than `MOST_PLAIN` rows their texts and numbers only.
        notes: Sentences below it.

    Returns:
        HTML.
    """
    is_plain = len(rows) <= MOST_PLAIN
    values = {
        "caption": caption,
        "columns": columns,
        "are_long": [any(_length(row[i]) > _LONG for row in rows) for i in range(len(columns))],
        "notes": notes,
        "n_rows": len(rows),
        "page_rows": _ROWS_OF_A_PAGE,
        "is_searched": len(rows) >= _LEAST_SEARCHED,
        "rows": [[_written(cell, c) for cell, c in zip(row, columns, strict=True)] for row in rows] if is_plain else [],
        "content": None if is_plain else _columns(columns, rows),
        "most_filtered": _MOST_FILTERED,
    }
    return render("table.html", values)


def marked_cells(values: Sequence[str], *, absent: str = "") -> list[Cell]:
    """Cells of one row, a run each: those marked that are other than in most runs; none where no value is of most.

    What a run does not have is muted, not marked.

    Args:
        values: A value for each run.
        absent: The text of runs that have no value.
    """
    usual = next((value for value in values if 2 * values.count(value) > len(values)), None)
    tones: list[Literal["", "differs", "muted"]] = [
        "muted" if value == absent else "differs" if usual is not None and value != usual else "" for value in values
    ]
    return [TableCell(value, tone=tone) for value, tone in zip(values, tones, strict=True)]


def report_tables(tables: Sequence[ReportTable]) -> Markup:
    """Tables of `zsar summarize`, as it prints them.

    Args:
        tables: The tables.

    Returns:
        HTML, a table after the other.
    """
    return Markup("\n").join(
        data_table(
            table.title or "",
            [TableColumn(column.header, "number" if column.is_number else "text") for column in table.columns],
            [
                [TableCell(str(c), _key(c), tone="strong" if row.is_bold else "") for c in row.cells]
                for row in table.rows
            ],
            notes=[f"{note.removesuffix('.')}." for note in table.notes],
        )
        for table in tables
    )


def _key(cell: str | int | float | Figure) -> float | str | None:
    return cell.value if isinstance(cell, Figure) else cell


def _written(cell: Cell, column: TableColumn) -> _Written:
    if isinstance(cell, TableCell):
        return _Written(cell.text, cell.text if cell.key is None else cell.key, cell.href, cell.tone)
    if cell is None:
        return _Written("")
    if isinstance(cell, float):
        return _Written(f"{cell:.{column.decimals}f}", cell)
    return _Written(f"{cell:,}" if isinstance(cell, int) else cell, cell)


def _columns(columns: Sequence[TableColumn], rows: Sequence[Sequence[Cell]]) -> list[dict[str, Any]]:
    """Column by column: numbers, or each text once in `words` and its places in `cells`."""
    written: list[dict[str, Any]] = []
    for place, column in enumerate(columns):
        cells = [_plain(row[place]) for row in rows]
        if column.kind == "number":
            written.append({"decimals": column.decimals, "cells": cells})
            continue
        words = {word: number for number, word in enumerate(dict.fromkeys(shown(c) for c in cells if c is not None))}
        if 2 * len(words) > len(cells):
            written.append({"cells": cells})
        else:
            written.append({"words": list(words), "cells": [-1 if c is None else words[shown(c)] for c in cells]})
    return written


def _length(cell: Cell) -> int:
    text = cell.text if isinstance(cell, TableCell) else cell
    return len(text) if isinstance(text, str) else 0


def _plain(cell: Cell) -> str | int | float | None:
    value = (cell.text if cell.key is None else cell.key) if isinstance(cell, TableCell) else cell
    if not isinstance(value, float):
        return value
    return round(value, 6) if math.isfinite(value) else None  # JSON has no NaN
