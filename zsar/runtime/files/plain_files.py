"""Whether a path leads to a file that can be read at all, told without opening it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def kind_unless_file(mode: int) -> str | None:
    """What a path leads to, where it is no regular file: "folder"; None for a regular file.

    Args:
        mode: `st_mode` of its status.
    """
    if stat.S_ISREG(mode):
        return None
    return "folder" if stat.S_ISDIR(mode) else "pipe, socket or device"


def file_problem(path: str | Path) -> str | None:
    """What makes a file useless at a glance: that it is not there, no file, or empty.

    Args:
        path: The file. A pipe is not opened, as reading it would wait for ever.

    Returns:
        "PATH: the cause", or None where nothing does.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        return f"{path}: {error.strerror}"
    kind = kind_unless_file(status.st_mode)
    if kind is not None:
        remedy = "" if kind == "folder" else "; only regular files are read: copy it to one"
        return f"{path}: it is a {kind}{remedy}"
    return f"{path}: the file is empty" if status.st_size == 0 else None
