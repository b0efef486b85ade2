"""Whether a path leads to a readable file, checked without opening it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def kind_unless_file(mode: int) -> str | None:
    """What a path leads to if it is not a regular file, such as "folder"; None for a regular file.

    Args:
        mode: `st_mode` of its status.
    """
    if stat.S_ISREG(mode):
        return None
    return "folder" if stat.S_ISDIR(mode) else "pipe, socket or device"


def file_problem(path: str | Path) -> str | None:
    """Finds missing, irregular and empty files.

    Args:
        path: The file. A pipe is not opened, since reading it could wait forever.

    Returns:
        "PATH: the cause"; None if there is no problem.
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
