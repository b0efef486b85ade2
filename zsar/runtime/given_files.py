"""Files that a user gives, read whole: only regular files, only up to a size, as UTF-8 text or as strict JSON.

Whatever is wrong with such a file is one sentence that begins with its name: `FILE: what; remedy`. A pipe is not waited
for, a folder is not opened, and a file beyond the limit is not read.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

MOST_TEXT_BYTES = 32 * 2**20  # of a text that is parsed at once: values of Python take up to 30 times its size
MOST_NESTED = 100  # lists and mappings within each other
_MOST_INTEGER = 2**63
_MOST_DIGITS = 20
_HEAD_BYTES = 64

_BEGINNINGS = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"\x1aE\xdf\xa3", "a Matroska video"),
    (b"SQLite", "a database"),
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself (`git lfs pull` fetches it)"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)


class GivenFileError(ValueError):
    """A file that a user gave cannot be read; the message begins with its name.

    Attributes:
        what: What is wrong, without name and remedy.
    """

    def __init__(self, path: Path, what: str, remedy: str) -> None:
        """An error of a file.

        Args:
            path: The file.
            what: What is wrong with it.
            remedy: What to do.
        """
        super().__init__(f"{path}: {what}; {remedy}")
        self.what = what


def check_given_file(path: Path, *, remedy: str, most_bytes: int | None = None) -> int:
    """Checks that a path is that of a regular file with something in it, without opening it.

    Args:
        path: The file; links are followed.
        remedy: What to do where it is none: "test again".
        most_bytes: How large it may be; None for any size.

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
    if not stat.S_ISREG(status.st_mode):
        raise GivenFileError(path, f"{_kind_of_node(status.st_mode)}, not a file", remedy)
    if status.st_size == 0:
        raise GivenFileError(path, "the file is empty", remedy)
    if most_bytes is not None and status.st_size > most_bytes:
        raise GivenFileError(
            path,
            f"its {status.st_size / 1e6:,.0f} MB are more than such a file may have, {most_bytes / 1e6:,.0f} MB",
            remedy,
        )
    return status.st_size


def kind_of_content(path: Path) -> str | None:
    """What a file is, by its first bytes, where it is something well known: "a web page"; None for anything else."""
    with path.open("rb") as file:
        return _kind_of(file.read(_HEAD_BYTES))


def read_given_text(path: Path, *, remedy: str, most_bytes: int = MOST_TEXT_BYTES) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Args:
        path: The file.
        remedy: What to do where it cannot be read.
        most_bytes: How large it may be.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: It may not be read.
        GivenFileError: It is no file, too large, or not UTF-8; the line is named.
    """
    check_given_file(path, remedy=remedy, most_bytes=most_bytes)
    with path.open("rb") as file:
        content = file.read(most_bytes)
    kind = _kind_of(content[:_HEAD_BYTES])
    if kind is not None:
        raise GivenFileError(path, f"this is {kind}", remedy)
    if (zero := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, zero) + 1
        raise GivenFileError(path, f"line {line} holds a NUL byte, so it is not text in UTF-8", remedy)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        what = f"byte 0x{content[wrong.start]:02X} in line {line} is not UTF-8"
        raise GivenFileError(path, what, f"save it as UTF-8, or {remedy}") from wrong


def read_given_json(path: Path, *, remedy: str, most_bytes: int = MOST_TEXT_BYTES) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What a JSON file holds: every number finite and within 64 bits, each key once, nested no deeper than 100.

    Args:
        path: The file.
        remedy: What to do where it cannot be read.
        most_bytes: How large it may be.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: It may not be read.
        GivenFileError: It is no file, too large, or not such JSON.
    """
    text = read_given_text(path, remedy=remedy, most_bytes=most_bytes)
    try:
        return parsed_json(text)
    except json.JSONDecodeError as wrong:
        what = f"it is not JSON (line {wrong.lineno}, column {wrong.colno}: {wrong.msg})"
        raise GivenFileError(path, what, remedy) from wrong
    except ValueError as wrong:
        raise GivenFileError(path, str(wrong), remedy) from wrong


def parsed_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """What a JSON text holds; see `read_given_json`.

    Args:
        text: The whole of it, or a line of a file with a value a line.

    Raises:
        ValueError: It is not such JSON. `json.JSONDecodeError` where the grammar is broken.
    """
    try:
        content = json.loads(
            text,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_within_64_bits,
            object_pairs_hook=_each_key_once,
        )
    except RecursionError:
        _too_deep()
    level = [content]
    for _ in range(MOST_NESTED):
        level = [each for node in level for each in _within(node) if isinstance(each, dict | list)]
        if not level:
            break
    else:
        _too_deep()
    if "\\u" in text:
        _check_surrogates(content)
    return content


# --- what is not taken ------------------------------------------------------------------------------------------------


def _kind_of_node(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "this is a folder"
    return "this is a pipe or a socket" if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else "this is a device"


def _kind_of(head: bytes) -> str | None:
    named = next((name for beginning, name in _BEGINNINGS if head.startswith(beginning)), None)
    if named is None and head[4:8] == b"ftyp":
        return "an mp4 video"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return "a web page" if named is None and start.startswith((b"<!doctype html", b"<html")) else named


def _within(node: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _too_deep() -> NoReturn:
    raise ValueError(f"lists or mappings are nested deeper than {MOST_NESTED}") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:_MOST_DIGITS]} is too large")
    return number


def _within_64_bits(text: str) -> int:
    if len(text) > _MOST_DIGITS or not -_MOST_INTEGER <= int(text) < _MOST_INTEGER:
        raise ValueError(f"the number {text[:_MOST_DIGITS]}... of {len(text)} digits does not fit into 64 bits")
    return int(text)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice!r} is there more than once")
    return content


def _check_surrogates(content: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"a text in it has half a character (\\u{ord(error.object[error.start]):04x})") from None
