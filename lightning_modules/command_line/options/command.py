"""A command other than fit, validate, test and predict: its name, help texts and the dataclass of its options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from zsar.lightning_modules.command_line.options.command_parser import CommandParser
from zsar.lightning_modules.command_line.options.fields import add_options, read_options

T = TypeVar("T")


@dataclass(frozen=True)
class Command(Generic[T]):
    """What `zsar NAME --help` shows, and how its command line is parsed.

    Attributes:
        name: As it is typed after `zsar`.
        options: A dataclass whose fields are made by `option`, `argument` and `group` (`fields`).
        description: What it does.
        epilog: Text below the options.
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
        """Parses a command line; a wrong one ends the program with a one-line message and status 2.

        Args:
            arguments: The arguments after the command; None for the real command line.

        Returns:
            The options.

        Raises:
            ValueError: A number is out of range, or options contradict each other.
        """
        return read_options(self.options, self.parser().parse_args(arguments))
