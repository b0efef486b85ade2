"""A small command: its name, what is said of it, and the dataclass of its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from zsar.lightning_modules.command_line.options.command_parser import CommandParser
from zsar.lightning_modules.command_line.options.fields import add_options, read_options

T = TypeVar("T")


@dataclass(frozen=True)
class Command(Generic[T]):
    """What `zsar NAME --help` shows, and what a command line of it becomes.

    Attributes:
        name: As it is typed after `zsar`.
        options: A dataclass whose fields are made by `option`, `argument` and `group` (`fields`).
        description: What it does.
        epilog: What is said below the options.
    """

    name: str
    options: type[T]
    description: str
    epilog: str | None = None

    def parser(self) -> CommandParser:
        """Its parser."""
        parser = CommandParser(prog=f"zsar {self.name}", description=self.description, epilog=self.epilog)
        add_options(parser, self.options)
        return parser

    def parse(self, arguments: Sequence[str] | None) -> T:
        """Parses a command line; a wrong one ends the program with status 2 and one line.

        Args:
            arguments: What follows the command; None for the real command line.

        Returns:
            The options.

        Raises:
            ValueError: A number is out of range, or options do not fit each other.
        """
        return read_options(self.options, self.parser().parse_args(arguments))
