"""Files that a user gives to a command: checked before they are opened, and JSON files of a bounded size.

Pipes and folders are rejected without opening, as are files beyond the size limit. This module builds on `text_files`
and `json_files`, which define valid text and JSON. It adds limits of size and depth for content that is parsed at once,
and the remedy of each caller.
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
"""The largest text that is parsed at once (32 MiB): the resulting objects take up to 30 times its size."""

MOST_NESTED = 100
"""Maximum nesting of lists and mappings, since code that walks them is recursive."""


class GivenFileError(ValueError):
    """A file that a user gave cannot be read; the message begins with its name.

    Attributes:
        what: The problem, without file name and remedy.
    """

    def __init__(self, path: Path, what: str, remedy: str, *, line: int | None = None) -> None:
        """The error for a file.

        Args:
            path: The file.
            what: The problem.
            remedy: What to do.
            line: The faulty line, from 1; None for the whole file.
        """
        what = cut(what)
        super().__init__(f"{path}: {what}; {remedy}" if line is None else f"{path}:{line}: {what}; {remedy}")
        self.what = what if line is None else f"line {line}: {what}"


def check_given_file(path: Path, *, remedy: str, most_bytes: int | None = None, may_be_empty: bool = False) -> int:
    """Checks that a path leads to a regular, nonempty file, without opening it.

    Args:
        path: The file; links are followed.
        remedy: What to do if it does not, such as "test again".
        most_bytes: Maximum size in bytes; None for any size.
        may_be_empty: Whether the file may be empty.

    Returns:
        Its size in bytes.

    Raises:
        FileNotFoundError: There is no such file, or the link is broken.
        PermissionError: A folder of the path may not be entered.
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
        problem = "a link that leads to itself" if trouble.errno == errno.ELOOP else str(trouble.strerror).lower()
        raise GivenFileError(path, problem, remedy) from trouble
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
    """The kind of a file by its first bytes, such as "a web page"; None if it is not recognised."""
    with path.open("rb") as file:
        kind = kind_of_bytes(file.read(HEAD_BYTES))
    return f"{kind}, not the file itself; `git lfs pull` gets it" if kind == LFS_POINTER else kind


def read_given_text(path: Path, *, what: str, remedy: str) -> str:
    """The text of a file that is parsed at once, with LF line ends.

    Args:
        path: The file.
        what: Its expected kind, for errors: "file of captions".
        remedy: What to do if it cannot be read.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: It may not be read.
        GivenFileError: It is not a regular file, too large, or not UTF-8; the message names the line.
    """
    check_given_file(path, remedy=remedy, most_bytes=MOST_PARSED_BYTES)
    try:
        return read_text(path, what, if_missing=remedy)
    except ListFileError as error:
        raise _given(path, error, remedy) from error


def read_given_json(path: Path, *, what: str, remedy: str, bytes_of_names: bool = False) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The content of a JSON file, as strict as in `json_files`; nested at most `MOST_NESTED` deep.

    Args:
        path: The file.
        what: Its expected kind, for errors: "file of captions".
        remedy: What to do if it cannot be read.
        bytes_of_names: As for `json_files.read_json`.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: It may not be read.
        GivenFileError: It is not a regular file, too large, or not valid JSON.
    """
    text = read_given_text(path, what=what, remedy=remedy)
    try:
        content = parse_json(text, path, bytes_of_names=bytes_of_names)
    except ListFileError as error:
        raise _given(path, error, remedy) from error
    if nesting_of(content) > MOST_NESTED:
        raise GivenFileError(path, f"it is nested deeper than {MOST_NESTED} lists or mappings", remedy)
    return content


def nesting_of(content: Any) -> int:  # noqa: ANN401 - any JSON or YAML
    """Depth of nested lists and mappings: 0 for a number, 1 for [1, 2]; counted up to `MOST_NESTED` + 1.

    Args:
        content: Parsed content; it may contain itself.
    """
    level, depth = [content] if isinstance(content, dict | list) else [], 0
    while level and depth <= MOST_NESTED:
        children = (child for node in level for child in (node.values() if isinstance(node, dict) else node))
        # Each once, since YAML aliases multiply.
        inner = {id(child): child for child in children if isinstance(child, dict | list)}
        level, depth = list(inner.values()), depth + 1
    return depth


def _given(path: Path, error: ListFileError, remedy: str) -> GivenFileError:
    """The same fault, with the remedy of this file instead of a general one."""
    match = re.fullmatch(rf"{re.escape(str(path))}:(?:(\d+):)? (.+)", str(error), re.DOTALL)
    if match is None:
        return GivenFileError(path, str(error), remedy)
    what = re.sub(r"; is it [^;]*\?$", "", match[2])
    return GivenFileError(path, what, remedy, line=None if match[1] is None else int(match[1]))
