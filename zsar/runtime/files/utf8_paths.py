"""Paths for libraries that take none but UTF-8, as safetensors does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def utf8_path(path: Path) -> Iterator[Path]:
    """A path in UTF-8 that leads to a file, for reading it within the block.

    Args:
        path: The file.

    Yields:
        The path itself; where it is not UTF-8, that of the open file: /dev/fd/7.

    Raises:
        OSError: Such a file cannot be opened.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        with open(path, "rb") as file:
            yield Path(f"/dev/fd/{file.fileno()}")
    else:
        yield path
