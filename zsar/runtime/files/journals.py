"""Journals: files with one JSON object per line, which a command appends to and a later run reads back.

A kill may leave an incomplete last line, which is removed. Any other line that is not an object was not written by
zsar: an error if the journal records what was made, skipped if it only saves work.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from zsar.runtime.files.given_files import GivenFileError, check_given_file
from zsar.runtime.text.json_files import parse_json

MOST_BYTES = 2**28
"""The largest journal that is read (256 MiB), four times that of 650,000 videos."""


def whole_lines(path: Path, *, remedy: str, bytes_of_names: bool = False) -> list[dict[str, Any]]:
    """The objects of a journal. Removes an incomplete last line of a killed run, in the file too.

    Args:
        path: The journal; it must exist.
        remedy: What to do if it is not a journal.
        bytes_of_names: Whether texts may hold bytes of file names that are not UTF-8, as `JournalWriter` writes them.

    Raises:
        GivenFileError: It is not a regular file, too large, or a line was not written by zsar.
    """
    lines, torn = _lines(path, remedy)
    objects = [
        _object(line, path, number, remedy, bytes_of_names=bytes_of_names) for number, line in enumerate(lines, start=1)
    ]
    if not lines and torn and not torn.startswith(b"{"):
        raise GivenFileError(path, "line 1 was not written by zsar (it is not an object)", remedy)
    if torn:  # otherwise the next line would be appended to it
        os.truncate(path, path.stat().st_size - len(torn))
    return objects


def known_lines(path: Path, *, remedy: str) -> Iterator[dict[str, Any]]:
    """The objects of a journal that only saves work; unreadable lines are skipped, and their work is repeated.

    Args:
        path: The journal; a missing one has no lines.
        remedy: What to do if it is not a journal.

    Yields:
        The objects in order, without an incomplete last line of a killed run.

    Raises:
        GivenFileError: It is not a regular file, or too large.
    """
    if not os.path.lexists(path):
        return
    lines, _ = _lines(path, remedy)
    for number, line in enumerate(lines, start=1):
        try:
            entry = _object(line, path, number, remedy, bytes_of_names=True)
        except GivenFileError:
            continue
        yield entry


class JournalWriter:
    """Appends to a journal; a context manager. Each line is in the file when `append` returns."""

    def __init__(self, path: Path, *, is_synced: bool = False) -> None:
        """Opens the journal and ends an incomplete last line; creates its folder.

        Args:
            path: The journal.
            is_synced: Whether each line is on the disk when `append` returns, so that it survives a power cut.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._is_synced = is_synced
        self._file = path.open("ab")
        if _is_torn(path):
            self._file.write(b"\n")

    def __enter__(self) -> JournalWriter:
        """The writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file."""
        self.close()

    def append(self, entry: Mapping[str, object]) -> None:
        """Writes an object. Bytes of file names that are not UTF-8 are written as JSON escapes."""
        self._file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        self._file.flush()
        if self._is_synced:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def _lines(path: Path, remedy: str) -> tuple[list[bytes], bytes]:
    """The complete lines of a journal, and its incomplete last line."""
    check_given_file(path, remedy=remedy, most_bytes=MOST_BYTES, may_be_empty=True)
    *lines, torn = path.read_bytes().split(b"\n")
    return lines, torn


def _object(line: bytes, path: Path, number: int, remedy: str, *, bytes_of_names: bool = False) -> dict[str, Any]:
    try:
        content = parse_json(line.decode(), path, bytes_of_names=bytes_of_names)
    except ValueError as error:
        problem = re.sub(rf"^{re.escape(str(path))}:(\d+:)? ", "", str(error))
        raise GivenFileError(path, f"line {number} was not written by zsar ({problem})", remedy) from error
    if not isinstance(content, dict):
        raise GivenFileError(path, f"line {number} was not written by zsar (it is not an object)", remedy)
    return content
