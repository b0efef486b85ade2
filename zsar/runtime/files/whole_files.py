"""Files and folders that are whole or not there: written under another name beside their place, then moved into it.

A process that is killed, a full disk or a failure in the middle leave the old file as it was, or none. The temporary
name is in the same folder, since moving a file to another file system is a copy onto the old file, and such a copy can
be cut. It is the same each time, `.NAME.unfinished.SUFFIX`, so that the next writer takes over what a killed one left;
a lock tells it whether that one still lives. Files are synced, so that a power cut leaves no empty ones.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import secrets
import shutil
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


@contextmanager
def whole_folder(path: Path | str) -> Iterator[Path]:
    """The folder to write files into, which becomes the folder when the block ends without an error.

    Args:
        path: The folder, which is not there. If another process makes it meanwhile, its folder is kept.

    Yields:
        An empty folder beside it.

    Raises:
        OSError: It cannot be made, or its place is taken by a file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished, handle = _reserve_folder(target)
    try:
        yield unfinished
        try:
            os.replace(unfinished, target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
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
    usual = _beside(target)
    if fcntl is not None:
        handle = os.open(usual, os.O_CREAT | os.O_RDWR, 0o666)
        if _is_ours(usual, handle):
            return usual, handle
        os.close(handle)
    own = _beside(target, f"-{secrets.token_hex(4)}")
    return own, os.open(own, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


def _reserve_folder(target: Path) -> tuple[Path, int | None]:
    """An empty folder beside the target that nobody else writes to, and the open handle that holds its lock."""
    usual, handle = _beside(target), None
    if fcntl is not None:
        with suppress(FileExistsError):
            usual.mkdir()
        with suppress(OSError):  # another process has just moved it into its place
            handle = os.open(usual, os.O_RDONLY)
        if handle is not None and _is_ours(usual, handle):
            for left in usual.iterdir():  # by a process that was killed
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
            return usual, handle
        if handle is not None:
            os.close(handle)
    own = _beside(target, f"-{secrets.token_hex(4)}")
    own.mkdir()
    return own, None


def _beside(target: Path, mark: str = "") -> Path:
    """The name of what is not finished yet, in the same folder."""
    stem = target.stem
    if len(os.fsencode(stem)) > _LONGEST_STEM:
        stem = hashlib.sha256(os.fsencode(stem)).hexdigest()
    return target.with_name(f".{stem}.unfinished{mark}{target.suffix}")


def _is_ours(usual: Path, handle: int) -> bool:
    """Takes the lock of what lies there; False where another process, or thread, is writing, or there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), usual.stat())  # False: the other one has just finished
    except OSError:
        return False


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
