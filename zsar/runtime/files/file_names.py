"""Names that a file cannot have: file systems take 255 bytes at most."""

from __future__ import annotations

import os
from pathlib import Path

MOST_BYTES_OF_A_NAME = 255
"""The longest name of a file, in bytes: of ext4, XFS, APFS, NTFS (in characters) and most others."""


def name_problem(path: Path) -> str | None:
    """Says that a file cannot have its name.

    Args:
        path: The file that would be written for a video.

    Returns:
        That, in words with the remedy; None where the name is short enough.
    """
    n_bytes = len(os.fsencode(path.name))
    if n_bytes <= MOST_BYTES_OF_A_NAME:
        return None
    return (
        f"its file would have a name of {n_bytes} bytes, but a name has {MOST_BYTES_OF_A_NAME} at most "
        f"(it ends in {path.suffix}); rename the video"
    )
