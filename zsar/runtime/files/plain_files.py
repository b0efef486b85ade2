"""Whether a path leads to a file that can be read at all, told without opening it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


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
    if stat.S_ISDIR(status.st_mode):
        return f"{path}: it is a folder"
    if not stat.S_ISREG(status.st_mode):
        return f"{path}: it is a pipe, socket or device; only regular files are read: copy it to one"
    return f"{path}: the file is empty" if status.st_size == 0 else None
