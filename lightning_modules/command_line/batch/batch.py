"""`zsar several`: several commands in one process, which loads PyTorch once; for sweeps of short runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from zsar.lightning_modules.command_line import cli
from zsar.lightning_modules.command_line.command_parser import CommandParser
from zsar.runtime.terminal import say
from zsar.runtime.text.text_files import fault_in, shown, text_of
from zsar.runtime.text.text_tables import Line, lines_of, read_lines


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
    commands = _commands(options.file)
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


def _commands(file: str) -> list[list[str]]:
    """The commands of a file, or of standard input, in the words of a shell."""
    commands = []
    for line in _lines(file):
        try:
            command = shlex.split(line.text, comments=True)
        except ValueError as error:
            raise line.fault(f"{error}, as the shell would say; close the quote, or write a backslash twice") from None
        if command and (command[0] != "zsar" or len(command) < 2 or command[1] == "several"):
            got = shown(shlex.join(command))
            raise line.fault(f"a line must be a command as in the shell, 'zsar test --config ...'; got {got}")
        commands.append(command)
    commands = [command for command in commands if command]
    if not commands:
        source = "standard input" if file == "-" else file
        raise fault_in(source, "has no commands; write one a line, as in the shell: zsar test --config ...")
    return commands


def _lines(file: str) -> list[Line]:
    if file != "-":
        return read_lines(Path(file), "file of commands", comments=False)
    source = Path("standard input")
    data = sys.stdin.buffer.read() if hasattr(sys.stdin, "buffer") else sys.stdin.read().encode()
    return lines_of(text_of(data, source), source, comments=False)
