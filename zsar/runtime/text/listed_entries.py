"""An entry of a user's list and a row of a table, which know their line, for error messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from zsar.runtime.text.text_files import ListFileError, decimal_number, fault_in, plain_name, shown, whole_number

LARGEST_NUMBER = 10**9
"""No label, id, fold, frame or second in a list is larger."""


class Line(NamedTuple):
    """An entry of a list.

    Attributes:
        file: The list.
        number: Its line, from 1.
        text: Its text, without surrounding white space.
    """

    file: Path
    number: int
    text: str

    @property
    def name(self) -> str:
        """The text as a name.

        Raises:
            ListFileError: It contains an invisible character.
        """
        return _name(self.text, self)

    def fault(self, message: str) -> ListFileError:
        """The error for this line, from a message with problem, reason and remedy."""
        return fault_in(self.file, message, line=self.number)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        file: The table.
        number: Its line in the file, from 1.
        cells: Column -> text of its cell, without surrounding white space; empty for an optional cell without text.
    """

    file: Path
    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell as written, for example a path."""
        return self.cells[column]

    def name(self, column: str) -> str:
        """The cell as a name.

        Raises:
            ListFileError: It contains an invisible character.
        """
        return _name(self.cells[column], self)

    def whole_number(self, column: str, *, most: int = LARGEST_NUMBER) -> int:
        """The cell as a number of ASCII digits, from 0.

        Raises:
            ListFileError: It is not such a number, or larger than `most`.
        """
        number = whole_number(self.cells[column], most)
        if number is None:
            raise self.fault(
                f"{column} is {shown(self.cells[column])}, not a whole number from 0 to {most}; correct it"
            )
        return number

    def seconds(self, column: str) -> float:
        """The cell as a time in seconds, at least 0.

        Raises:
            ListFileError: It is not such a time.
        """
        number = decimal_number(self.cells[column], LARGEST_NUMBER)
        if number is None:
            raise self.fault(f"{column} is {shown(self.cells[column])}, not a time in seconds from 0 on; correct it")
        return number

    def fault(self, message: str) -> ListFileError:
        """The error for this row, from a message with problem, reason and remedy."""
        return fault_in(self.file, message, line=self.number)


def _name(text: str, entry: Line | Row) -> str:
    try:
        return plain_name(text)
    except ValueError as error:
        raise entry.fault(str(error)) from None
