"""Journals: files with a JSON object a line, to which a command appends and which a later run reads back.

A kill may tear the last line, which is cut off. Any other line that is not an object was not written by zsar.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
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
    check_given_file(path, remedy=remedy, most_bytes=MOST_BYTES, may_be_empty=True)
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    objects = [_object(line, path, number, remedy) for number, line in enumerate(whole.split(b"\n")[:-1], start=1)]
    if len(whole) < len(content):  # else the next line would be appended to the torn one
        if not whole and not content.startswith(b"{"):
            raise GivenFileError(path, "line 1 is none that zsar wrote (it is no object)", remedy)
        os.truncate(path, len(whole))
    return objects


def _object(line: bytes, path: Path, number: int, remedy: str) -> dict[str, Any]:
    try:
        content = parse_json(line.decode(), path)
    except ValueError as error:
        said = re.sub(rf"^{re.escape(str(path))}:(\d+:)? ", "", str(error))
        raise GivenFileError(path, f"line {number} is none that zsar wrote ({said})", remedy) from error
    if not isinstance(content, dict):
        raise GivenFileError(path, f"line {number} is none that zsar wrote (it is no object)", remedy)
    return content
