"""Files that a user gives to a command: looked at before they are opened, and JSON files of a bounded size.

A pipe is not waited for, a folder is not opened, and a file beyond its limit is not read. This module stands on
`text_files` and `json_files`, which say what text and JSON may be; it adds limits of size and depth for what is parsed
at once, and the remedy of each caller.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

from zsar.runtime.files.content_kinds import HEAD_BYTES, LFS_POINTER, kind_of_bytes
from zsar.runtime.files.plain_files import kind_unless_file
from zsar.runtime.text.json_files import parse_json
from zsar.runtime.text.text_files import ListFileError, cut, read_text

MOST_PARSED_BYTES = 2**25
"""The largest text that becomes values of Python at once (32 MiB): these take up to 30 times its size."""

MOST_NESTED = 100
"""Lists and mappings within each other; what reads them further calls itself for each."""


class GivenFileError(ValueError):
    """A file that a user gave cannot be read; the message begins with its name.

    Attributes:
        what: What is wrong, without name and remedy.
    """

    def __init__(self, path: Path, what: str, remedy: str, *, line: int | None = None) -> None:
        """An error of a file.

        Args:
            path: The file.
            what: What is wrong with it.
            remedy: What to do.
            line: The line at fault, from 1; None where it is the whole file.
        """
        what = cut(what)
        super().__init__(f"{path}: {what}; {remedy}" if line is None else f"{path}:{line}: {what}; {remedy}")
        self.what = what if line is None else f"line {line}: {what}"


def check_given_file(path: Path, *, remedy: str, most_bytes: int | None = None, may_be_empty: bool = False) -> int:
    """Checks that a path is that of a regular file with something in it, without opening it.

    Args:
        path: The file; links are followed.
        remedy: What to do where it is none: "test again".
        most_bytes: How large it may be; None for any size.
        may_be_empty: Whether it may hold nothing.

    Returns:
        Its size in bytes.

    Raises:
        FileNotFoundError: There is no such file, or the link leads nowhere.
        PermissionError: A folder on the way may not be entered.
        GivenFileError: It is a folder, a pipe or a device, empty or too large.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError as missing:
        what = "a link to a file that is not there" if path.is_symlink() else "there is no such file"
        raise FileNotFoundError(f"{path}: {what}; {remedy}") from missing
    except ValueError as wrong:  # a NUL byte
        raise GivenFileError(path, f"no file can have this name ({wrong})", remedy) from wrong
    except OSError as trouble:
        if trouble.errno not in (errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise
        said = "a link that leads to itself" if trouble.errno == errno.ELOOP else str(trouble.strerror).lower()
        raise GivenFileError(path, said, remedy) from trouble
    kind = kind_unless_file(status.st_mode)
    if kind is not None:
        raise GivenFileError(path, f"this is a {kind}, not a file", remedy)
    if status.st_size == 0 and not may_be_empty:
        raise GivenFileError(path, "the file is empty", remedy)
    if most_bytes is not None and status.st_size > most_bytes:
        sizes = f"its {status.st_size / 1e6:,.0f} MB are more than the {most_bytes / 1e6:,.0f} MB that it may have"
        raise GivenFileError(path, sizes, remedy)
    return status.st_size


def kind_of_content(path: Path) -> str | None:
    """What a file is, by its first bytes, where it is something well known: "a web page"; None for anything else."""
    with path.open("rb") as file:
        kind = kind_of_bytes(file.read(HEAD_BYTES))
    return f"{kind}, not the file itself; `git lfs pull` gets it" if kind == LFS_POINTER else kind


def read_given_text(path: Path, *, what: str, remedy: str) -> str:
    """The text of a file that is parsed at once, line ends as "LF" alone.

    Args:
        path: The file.
        what: What it should be, for errors: "file of captions".
        remedy: What to do where it cannot be read.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: It may not be read.
        GivenFileError: It is no file, too large, or not UTF-8; the line is named.
    """
    check_given_file(path, remedy=remedy, most_bytes=MOST_PARSED_BYTES)
    try:
        return read_text(path, what, if_missing=remedy)
    except ListFileError as error:
        raise _given(path, error, remedy) from error


def read_given_json(path: Path, *, what: str, remedy: str, bytes_of_names: bool = False) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What a JSON file holds, as strict as `json_files` is; nested no deeper than `MOST_NESTED`.

    Args:
        path: The file.
        what: What it should be, for errors: "file of captions".
        remedy: What to do where it cannot be read.
        bytes_of_names: As for `json_files.read_json`.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: It may not be read.
        GivenFileError: It is no file, too large, or not such JSON.
    """
    text = read_given_text(path, what=what, remedy=remedy)
    try:
        content = parse_json(text, path, bytes_of_names=bytes_of_names)
    except ListFileError as error:
        raise _given(path, error, remedy) from error
    if nesting_of(content) > MOST_NESTED:
        raise GivenFileError(path, f"it is nested deeper than {MOST_NESTED} lists or mappings", remedy)
    return content


def nesting_of(content: Any) -> int:  # noqa: ANN401 - whatever JSON or YAML can hold
    """How deep lists and mappings are nested: 0 for a number, 1 for [1, 2]; at most one more than `MOST_NESTED`.

    Args:
        content: What was parsed; it may hold itself.
    """
    level, depth = [content] if isinstance(content, dict | list) else [], 0
    while level and depth <= MOST_NESTED:
        within = (each for node in level for each in (node.values() if isinstance(node, dict) else node))
        inner = {
            id(each): each for each in within if isinstance(each, dict | list)
        }  # once, as aliases of YAML multiply
        level, depth = list(inner.values()), depth + 1
    return depth


def _given(path: Path, error: ListFileError, remedy: str) -> GivenFileError:
    """The same fault with the remedy of this file in place of that of any list."""
    said = re.fullmatch(rf"{re.escape(str(path))}:(?:(\d+):)? (.+)", str(error), re.DOTALL)
    if said is None:
        return GivenFileError(path, str(error), remedy)
    what = re.sub(r"; is it [^;]*\?$", "", said[2])
    return GivenFileError(path, what, remedy, line=None if said[1] is None else int(said[1]))
