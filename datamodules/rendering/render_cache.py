"""A folder that is rendered once: its name reflects everything that affects its content; it is complete or missing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from zsar.runtime.files.whole_files import whole_folder


def fingerprint(sources: Sequence[Path], settings: str) -> str:
    """A name for the output of some source files with some settings.

    Args:
        sources: The source files that determine the output.
        settings: The settings that determine it, as text.

    Returns:
        12 hexadecimal digits of SHA-256.
    """
    content = b"".join(source.read_bytes() for source in sources)
    return hashlib.sha256(content + settings.encode()).hexdigest()[:12]


def render_once(folder: Path, render: Callable[[Path], None]) -> None:
    """Renders a folder if it is missing; a killed rendering leaves no incomplete folder under this name.

    Args:
        folder: Folder for the files.
        render: Writes all files into the folder that it is given.
    """
    if not folder.is_dir():
        with whole_folder(folder) as unfinished:
            render(unfinished)
