"""The console that results are printed on, and tables in narrow terminals, of which nothing is cut off."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

_NARROW = 100  # characters
_WIDTH_OF_FILES = 120  # characters, where the output is no terminal


def result_console() -> Console:
    """The console of the standard output, as wide as its terminal, or 120 characters where it is a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)


def print_whole(console: Console, table: Table) -> None:
    """Prints a table of which nothing is lost: what is too long for its column goes on in the next line.

    Args:
        console: Where it is printed; a narrow one gets cells without blanks around them.
        table: The table, which is changed.
    """
    for column in table.columns:
        column.overflow = "fold"
    if console.width < _NARROW:
        table.padding = (0, 0)
    console.print(table)
