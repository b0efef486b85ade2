"""The parser of most commands: options in both spellings, no abbreviations, one-line errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import jsonargparse

from zsar.lightning_modules.command_line.options.spelling import one_spelling
from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.terminal import say


class CommandParser(jsonargparse.ArgumentParser):
    """jsonargparse's parser with the conventions of zsar's commands."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - jsonargparse's own
        """A parser with jsonargparse's arguments; abbreviations are off, and help is laid out by argparse."""
        super().__init__(*args, **{"allow_abbrev": False, "formatter_class": argparse.HelpFormatter, **settings})

    def parse_args(self, args: Sequence[str] | None = None, *more: Any, **settings: Any) -> Any:  # type: ignore[override]  # noqa: ANN401 - jsonargparse's own
        """Parses a command line in either spelling.

        Args:
            args: The command line; None for the arguments after the command in the real one.
            more: jsonargparse's own.
            settings: jsonargparse's own.
        """
        typed = sys.argv[2:] if args is None else list(args)
        return super().parse_args(one_spelling(typed, option_names(self)), *more, **settings)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Reports the error, with similar options if one does not exist, and exits with status 2."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message and unknown.startswith("-"):
            name = unknown.split()[0].split("=")[0]
            near = did_you_mean(f"--{name.lstrip('-').replace('-', '_')}", option_names(self))
            message = f"there is no option {name}{near}"
        elif unknown != message:
            message = f"{unknown!r} belongs to no option"
        required = "the following arguments are required: "
        if message.startswith(required):
            message = required + ", ".join(map(self._as_typed, message.removeprefix(required).split(", ")))
        message = " ".join(message.removeprefix("argument ").split())
        joint = "" if message.endswith("?") else ";"
        say(f"{self.prog}: error: {message}{joint} `{self.prog} --help` lists the options", error=True)
        sys.exit(2)

    def _as_typed(self, dest: str) -> str:
        """The name of an argument on the command line."""
        action = next((action for action in self._actions if action.dest == dest), None)
        if action is None:
            return dest
        return action.option_strings[0] if action.option_strings else str(action.metavar or dest)


def option_names(parser: argparse.ArgumentParser) -> list[str]:
    """All long options of a parser."""
    return [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
