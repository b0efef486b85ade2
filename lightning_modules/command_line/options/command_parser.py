"""The parser of the small commands: its errors are one line, and it takes no option by a part of its name."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.terminal import say


class CommandParser(argparse.ArgumentParser):
    """argparse's parser as every command of zsar has it."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - argparse's own
        """A parser with argparse's arguments; abbreviations are off unless they are asked for."""
        super().__init__(*args, **{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, with the nearest options for one that does not exist, and ends with status 2."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message and unknown.startswith("-"):
            name = unknown.split()[0].split("=")[0]
            names = [name for action in self._actions for name in action.option_strings]
            message = f"there is no option {name}{did_you_mean(name, names)}"
        joint = "" if message.endswith("?") else ";"
        say(f"{self.prog}: error: {message}{joint} `{self.prog} --help` lists the options", error=True)
        sys.exit(2)
