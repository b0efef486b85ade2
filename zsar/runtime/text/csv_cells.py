"""The cells of a CSV line, strictly by RFC 4180; Python's reader accepts misplaced quotes as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from zsar.runtime.text.text_files import fault_in, shown

_CELL = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=,|$)|([^",]*)(?=,|$)')


def joined_lines(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Joins lines within quotes, under the number of the first line.

    Args:
        lines: Numbers and lines.

    Yields:
        Numbers and rows; an unclosed quote makes the rest of the file one row.
    """
    started: tuple[int, str] | None = None
    for number, line in lines:
        started = (number, line) if started is None else (started[0], f"{started[1]}\n{line}")
        if started[1].count('"') % 2 == 0:
            yield started
            started = None
    if started is not None:
        yield started


def cells_of(line: str, path: Path, number: int) -> list[str]:
    """The cells of a line without their quotes; white space outside quotes is kept.

    Args:
        line: The line, without its end.
        path: The table, for errors.
        number: The line number.

    Raises:
        ListFileError: A quote is not closed, is within an unquoted cell, or is followed by text.
    """
    cells: list[str] = []
    at = 0
    while True:
        cell = _CELL.match(line, at)
        if cell is None:
            raise fault_in(path, f"{_quote_problem(line[at:])} (cell {len(cells) + 1})", line=number)
        cells.append(cell[2] if cell[1] is None else cell[1].replace('""', '"'))
        at = cell.end()
        if at == len(line):
            return cells
        at += 1  # the comma


def _quote_problem(rest: str) -> str:
    rest = rest.lstrip()
    if not rest.startswith('"'):
        return "a quote within a cell that is not quoted; put quotes around the cell and double those within it"
    if re.match(r'"(?:[^"]|"")*"(?!")', rest):
        return f"a text after the closing quote in {shown(rest)}; double the quotes within a quoted cell"
    return f"the quote in {shown(rest)} does not close on its line; close it, and keep each row on one line"
