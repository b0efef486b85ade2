"""Checks the length of file names: file systems allow at most 255 bytes."""

from __future__ import annotations

import os
from pathlib import Path

MOST_BYTES_OF_A_NAME = 255
"""Maximum length of a file name in bytes, on ext4, XFS, APFS, NTFS (in characters) and most others."""


def name_problem(path: Path) -> str | None:
    """The problem if a file name is too long.

    Args:
        path: The file that would be written for a video.

    Returns:
        The problem with its remedy; None if the name is short enough.
    """
    n_bytes = len(os.fsencode(path.name))
    if n_bytes <= MOST_BYTES_OF_A_NAME:
        return None
    return (
        f"its file would have a name of {n_bytes} bytes, but the limit is {MOST_BYTES_OF_A_NAME} "
        f"(it ends in {path.suffix}); rename the video"
    )
