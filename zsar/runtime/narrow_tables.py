"""Tables in narrow terminals: nothing in them is cut off."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_NARROW = 100  # characters


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
