"""`zsar several`: several commands in one process, which loads PyTorch once; for sweeps of short runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence

from lightning_modules import cli
from lightning_modules.command_parser import CommandParser
from zsar.runtime.terminal import say


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the commands, up to the first that fails.

    Args:
        arguments: The command line after `zsar several`; None for the real one.

    Returns:
        0, or the exit status of the command that failed.

    Raises:
        ValueError: A line is not a command of zsar; nothing has been run then.
        FileNotFoundError: There is no such file.
    """
    options = _parser().parse_args(arguments)
    lines = sys.stdin.read() if options.file == "-" else _read(options.file)
    commands = [command for line in lines.splitlines() if (command := shlex.split(line, comments=True))]
    for command in commands:
        if command[0] != "zsar" or len(command) < 2 or command[1] == "several":
            raise ValueError(f"a line must be a command as in the shell, 'zsar test --config ...'; got {command}")
    for number, command in enumerate(commands, start=1):
        say(f"[{number} of {len(commands)}] {shlex.join(command)}")
        try:
            status = cli.main(command[1:])
        except SystemExit as stop:  # a wrong command line
            status = int(stop.code or 0)
        if status != 0:
            say(f"zsar several: command {number} of {len(commands)} failed; the rest was not run", error=True)
            return status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="zsar several",
        description="Run zsar commands one after another in one process: loading PyTorch takes seconds, which short "
        "runs on small data would spend again and again. Stops at the first command that fails.",
    )
    parser.add_argument("file", help='a file with a command a line, as in the shell; "-" for standard input')
    return parser


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
