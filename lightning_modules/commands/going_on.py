"""The command that goes on with a training that was stopped."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

_REPLACED = ("--ckpt_path", "--overwrite")


def command_to_go_on(arguments: Sequence[str], checkpoint: Path | str) -> str:
    """The command line, as for the shell.

    Args:
        arguments: The command line of the run that was stopped, beginning with the command.
        checkpoint: Its last checkpoint.
    """
    kept: list[str] = []
    skips = False
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name = argument.partition("=")[0]
        if skips:
            skips = False
        elif name in _REPLACED:
            skips = "=" not in argument and not following.startswith("-")
        else:
            kept.append(argument)
    return shlex.join(["zsar", *kept, "--ckpt_path", _short(checkpoint)])


def _short(path: Path | str) -> str:
    """A path relative to the working directory, if it lies in it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.pardir) else relative
