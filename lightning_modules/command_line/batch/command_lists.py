"""Lists of commands: a file, or the standard input, with one command of zsar per line, as in the shell."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from zsar.runtime.text.text_files import fault_in, shown, text_of
from zsar.runtime.text.text_tables import Line, lines_of, read_lines

_OWN_NAMES = ("batch", "reproduce", "several")  # a list cannot run another list


def zsar_command(text: str) -> tuple[str, ...]:
    """Splits a command into words.

    Args:
        text: The command as in the shell, "zsar test --config ..."; text after `#` is a comment.

    Returns:
        The words, beginning with "zsar"; none for a comment.

    Raises:
        ValueError: It is not a command of zsar.
    """
    try:
        words = tuple(shlex.split(text, comments=True))
    except ValueError as error:
        raise ValueError(f"{error}, as the shell would say; close the quote, or write a backslash twice") from None
    if words and (words[0] != "zsar" or len(words) < 2 or words[1] in _OWN_NAMES):
        got = shown(shlex.join(words))
        raise ValueError(f"a line must be a command as in the shell, 'zsar test --config ...'; got {got}")
    return words


def read_commands(file: str) -> list[tuple[str, ...]]:
    """Reads the commands of a file, or of the standard input.

    Args:
        file: The path; "-" for the standard input.

    Raises:
        ValueError: A line is not a command of zsar, or there is none.
        FileNotFoundError: There is no such file.
    """
    commands = []
    for line in _lines(file):
        try:
            commands.append(zsar_command(line.text))
        except ValueError as error:
            raise line.fault(str(error)) from None
    commands = [command for command in commands if command]
    if not commands:
        source = "standard input" if file == "-" else file
        raise fault_in(source, "has no commands; write one per line, as in the shell: zsar test --config ...")
    return commands


def _lines(file: str) -> list[Line]:
    if file != "-":
        return read_lines(Path(file), "file of commands", comments=False)
    source = Path("standard input")
    data = sys.stdin.buffer.read() if hasattr(sys.stdin, "buffer") else sys.stdin.read().encode()
    return lines_of(text_of(data, source), source, comments=False)
