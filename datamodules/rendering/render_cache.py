"""A folder that is rendered once: named by all that changes its content, and either whole or not there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from zsar.runtime.files.whole_files import whole_folder


def fingerprint(sources: Sequence[Path], settings: str) -> str:
    """A name for what some source files render with some settings.

    Args:
        sources: The source files that decide what is rendered.
        settings: The settings that do, in words.

    Returns:
        12 hexadecimal digits of SHA-256.
    """
    content = b"".join(source.read_bytes() for source in sources)
    return hashlib.sha256(content + settings.encode()).hexdigest()[:12]


def render_once(folder: Path, render: Callable[[Path], None]) -> None:
    """Renders a folder if it is not there; a killed rendering leaves nothing behind that is taken for whole.

    Args:
        folder: Where the files shall be.
        render: Writes all of them into the folder that it is given.
    """
    if not folder.is_dir():
        with whole_folder(folder) as unfinished:
            render(unfinished)
