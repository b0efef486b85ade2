"""Paths for libraries that accept only UTF-8, such as safetensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def utf8_path(path: Path) -> Iterator[Path]:
    """A UTF-8 path to a file, for reading it within the block.

    Args:
        path: The file.

    Yields:
        The path itself; if it is not UTF-8, the path of the open file, such as /dev/fd/7.

    Raises:
        OSError: The path is not UTF-8 and the file cannot be opened.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        with open(path, "rb") as file:
            yield Path(f"/dev/fd/{file.fileno()}")
    else:
        yield path
