"""Files that are whole or not there: written under another name beside their place, synced, then moved into it.

A process that is killed, a full disk or a failure in the middle leave the old file as it was, or none. The temporary
name is in the same folder, since moving a file to another file system is a copy onto the old file, and such a copy can
be cut. It is the same each time, `.NAME.unfinished.SUFFIX`, so that the next writer takes over what a killed one left;
a lock tells it whether that one still lives.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LONGEST_STEM = 200  # bytes; file systems allow names of 255
FULL_REMEDY = "; make room and run the command again"
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """The place to write a file to, which becomes the file when the block ends without an error.

        with whole_file("scores.csv") as unfinished:
            unfinished.write_text(...)

    Args:
        path: The file; its folder is made if it is not there. An existing file is replaced, a link is followed.

    Yields:
        A path in the same folder and with the same suffix, on which a file lies: an empty one, or what a killed process
        left. Whatever is written there must replace it, as `open(..., "w")` does.

    Raises:
        OSError: The file cannot be written (a full disk, no permission). The message names it; what was there before is
            there still.
    """
    target = Path(path).resolve() if Path(path).is_symlink() else Path(path)
    unfinished, handle = None, None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished, handle = _reserve(target)
        mode = unfinished.stat().st_mode
        yield unfinished
        unfinished.chmod(mode)  # some libraries let nobody but the owner read
        _sync(unfinished)
        os.replace(unfinished, target)
        _sync_folder(target.parent)
    except OSError as error:
        if error.filename is None or unfinished is None or str(unfinished) in str(error.filename):
            raise _named(error, target) from error
        raise
    finally:
        if unfinished is not None:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def write_text_whole(path: Path | str, text: str) -> Path:
    r"""Writes a text file in UTF-8, line ends as they are; see `whole_file`.

    A lone surrogate, as in names of files that are not UTF-8, is written as `\udcff`, which JSON reads back; in tables
    and lists names pass `written_names.py` before.

    Returns:
        The path.
    """
    with whole_file(path) as unfinished:
        unfinished.write_bytes(text.encode("utf-8", errors="backslashreplace"))
    return Path(path)


def write_json_whole(path: Path | str, content: Any) -> Path:  # noqa: ANN401 - whatever JSON can hold
    """Writes a JSON file, indented, in UTF-8; see `whole_file`. What JSON does not know is written as its text.

    Returns:
        The path.

    Raises:
        ValueError: A number is NaN or infinite, which JSON has no word for; the message says which. Nothing is written.
    """
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError as error:
        where = next(_not_finite(content, ()), None)
        if where is None:
            raise
        raise ValueError(f"{path} is not written: {where} is not a finite number, which no result is") from error
    return write_text_whole(path, text + "\n")


def _not_finite(content: Any, place: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401 - whatever JSON can hold
    """Where numbers are not finite: "sets.test.top1 (nan)"."""
    if isinstance(content, float) and not math.isfinite(content):
        yield f"{'.'.join(place) or 'it'} ({content})"
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _not_finite(value, (*place, str(key)))
    elif isinstance(content, list | tuple):
        for index, value in enumerate(content):
            yield from _not_finite(value, (*place, str(index)))


def _reserve(target: Path) -> tuple[Path, int]:
    """A file beside the target that nobody else writes to, and the open handle that holds its lock."""
    stem = target.stem
    if len(os.fsencode(stem)) > _LONGEST_STEM:
        stem = hashlib.sha256(os.fsencode(stem)).hexdigest()
    usual = target.with_name(f".{stem}.unfinished{target.suffix}")
    if fcntl is not None:
        handle = os.open(usual, os.O_CREAT | os.O_RDWR, 0o666)
        with suppress(OSError):  # another process, or thread, is writing, or the file system knows no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), usual.stat()):  # the other one has not just finished
                return usual, handle
        os.close(handle)
    own = target.with_name(f".{stem}.unfinished-{secrets.token_hex(4)}{target.suffix}")
    return own, os.open(own, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Keeps the new name through a power cut, where the file system can do that for folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(handle)


def _named(error: OSError, target: Path) -> OSError:
    left = "what was there before is as it was" if target.exists() else "nothing of it is left behind"
    remedy = FULL_REMEDY if error.errno in _FULL else ""
    return type(error)(error.errno, f"{target} could not be written: {error.strerror or error} ({left}){remedy}")
