"""Checks where results are to be written, before the work begins."""

from __future__ import annotations

import os
from pathlib import Path


def check_output_folder(folder: Path, *, option: str) -> None:
    """Checks that a folder exists and can be written to, or can be created; creates nothing.

    Args:
        folder: The folder.
        option: The option that names it, for the message.

    Raises:
        ValueError: It or a folder above it is a file, or may not be written to.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise ValueError(f"{option} {folder}: {nearest} is not a folder; give another folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"{option} {folder}: no permission to write to {nearest}; give another folder")


def check_free(path: Path, *, force: bool, option: str = "--output") -> None:
    """Checks that nothing of the user's would be replaced without being asked.

    Args:
        path: The file to write.
        force: Whether `--force` is given.
        option: The option that says where it is, for the message.

    Raises:
        ValueError: It exists, and may not be replaced.
    """
    if path.exists() and not force:
        raise ValueError(f"{path} is there already; give another {option}, or --force to replace it")
