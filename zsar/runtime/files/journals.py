"""Journals: files with a JSON object a line, to which a command appends and which a later run reads back.

A kill may tear the last line, which is cut off. Any other line that is not an object was not written by zsar: an error
where the journal is a record of what was made, skipped where it only saves work.
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
"""The largest journal that is read (256 MiB); that of 650,000 videos takes a quarter of it."""


def whole_lines(path: Path, *, remedy: str) -> list[dict[str, Any]]:
    """The objects of a journal. What a killed run left of its last line is cut off, in the file too.

    Args:
        path: The journal, which is there.
        remedy: What to do where it is not one.

    Raises:
        GivenFileError: It is no regular file, too large, or a line was not written by zsar.
    """
    lines, torn = _lines(path, remedy)
    objects = [_object(line, path, number, remedy) for number, line in enumerate(lines, start=1)]
    if not lines and torn and not torn.startswith(b"{"):
        raise GivenFileError(path, "line 1 is none that zsar wrote (it is no object)", remedy)
    if torn:  # else the next line would be appended to it
        os.truncate(path, path.stat().st_size - len(torn))
    return objects


def known_lines(path: Path, *, remedy: str) -> Iterator[dict[str, Any]]:
    """The objects of a journal that only saves work: a line that cannot be read is skipped, and its work done again.

    Args:
        path: The journal; one that is not there has no lines.
        remedy: What to do where it is not one.

    Yields:
        The objects, in their order, without what a killed run left of the last line.

    Raises:
        GivenFileError: It is no regular file, or too large.
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
        """Opens the journal, and ends a line that a kill has torn; makes its folder.

        Args:
            path: The journal.
            is_synced: Whether each line is on the disk when `append` returns, so that a power cut loses none either.
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
        """Writes an object. A byte of a file's name that is not UTF-8 is written as JSON's escape of it."""
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
    """The whole lines of a journal, and the beginning of a line that a kill has torn."""
    check_given_file(path, remedy=remedy, most_bytes=MOST_BYTES, may_be_empty=True)
    *lines, torn = path.read_bytes().split(b"\n")
    return lines, torn


def _object(line: bytes, path: Path, number: int, remedy: str, *, bytes_of_names: bool = False) -> dict[str, Any]:
    try:
        content = parse_json(line.decode(), path, bytes_of_names=bytes_of_names)
    except ValueError as error:
        said = re.sub(rf"^{re.escape(str(path))}:(\d+:)? ", "", str(error))
        raise GivenFileError(path, f"line {number} is none that zsar wrote ({said})", remedy) from error
    if not isinstance(content, dict):
        raise GivenFileError(path, f"line {number} is none that zsar wrote (it is no object)", remedy)
    return content
