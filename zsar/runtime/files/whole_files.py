"""Writes files and folders atomically: under a temporary name in the same folder, then renamed.

A killed process, a full disk or an error leaves the old file unchanged, or no file. The temporary file is in the same
folder, since moving to another file system is a copy, which can be interrupted. Its name is always
`.NAME.unfinished.SUFFIX`, so that the next writer reuses what a killed one left; a lock shows whether another writer is
still running. Files are synced, so that a power cut leaves no empty ones.
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
    """A temporary path that becomes the file when the block ends without an error.

        with whole_file("scores.csv") as unfinished:
            unfinished.write_text(...)

    Args:
        path: The file; its folder is created if missing. An existing file is replaced, a link is followed.

    Yields:
        A path in the same folder and with the same suffix, where a file exists: an empty one, or one that a killed
        process left. Write to it with a mode that replaces it, such as `open(..., "w")`.

    Raises:
        OSError: The file cannot be written (a full disk, no permission). The message names it; an existing file is
            unchanged.
    """
    target = Path(path).resolve() if Path(path).is_symlink() else Path(path)
    unfinished, handle = None, None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished, handle = _reserve(target)
        mode = unfinished.stat().st_mode
        yield unfinished
        unfinished.chmod(mode)  # some libraries make it readable only for the owner
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
    """A temporary folder that becomes the folder when the block ends without an error.

    Args:
        path: The folder, which must not exist. If another process creates it meanwhile, that one is kept.

    Yields:
        An empty folder next to it.

    Raises:
        OSError: The folder cannot be created, or a file has its name.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished, handle = _reserve_folder(target)
    try:
        yield unfinished
        try:
            os.replace(unfinished, target)
        except OSError:
            if not target.is_dir():  # otherwise another process was faster
                raise
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def write_text_whole(path: Path | str, text: str) -> Path:
    r"""Writes a text file in UTF-8 with unchanged line ends; see `whole_file`.

    Lone surrogates, as in file names that are not UTF-8, are written like `\udcff`, which JSON can read; names in
    tables and lists are encoded by `written_names.py` before.

    Returns:
        The path.
    """
    with whole_file(path) as unfinished:
        unfinished.write_bytes(text.encode("utf-8", errors="backslashreplace"))
    return Path(path)


def write_json_whole(path: Path | str, content: Any) -> Path:  # noqa: ANN401 - whatever JSON can hold
    """Writes an indented JSON file in UTF-8; see `whole_file`. Values that JSON lacks are written as `str`.

    Returns:
        The path.

    Raises:
        ValueError: A number is NaN or infinite, which JSON lacks; the message names it. Nothing is written.
    """
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError as error:
        where = next(_not_finite(content, ()), None)
        if where is None:
            raise
        raise ValueError(
            f"{path} is not written: {where} is not a finite number, which is not a valid result"
        ) from error
    return write_text_whole(path, text + "\n")


def _not_finite(content: Any, place: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401 - whatever JSON can hold
    """The places of numbers that are not finite: "sets.test.top1 (nan)"."""
    if isinstance(content, float) and not math.isfinite(content):
        yield f"{'.'.join(place) or 'it'} ({content})"
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _not_finite(value, (*place, str(key)))
    elif isinstance(content, list | tuple):
        for index, value in enumerate(content):
            yield from _not_finite(value, (*place, str(index)))


def _reserve(target: Path) -> tuple[Path, int]:
    """A file next to the target that no one else writes to, and the open handle that holds its lock."""
    usual = _beside(target)
    if fcntl is not None:
        handle = os.open(usual, os.O_CREAT | os.O_RDWR, 0o666)
        if _is_ours(usual, handle):
            return usual, handle
        os.close(handle)
    unique = _beside(target, f"-{secrets.token_hex(4)}")
    return unique, os.open(unique, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


def _reserve_folder(target: Path) -> tuple[Path, int | None]:
    """An empty folder next to the target that no one else writes to, and the open handle that holds its lock."""
    usual, handle = _beside(target), None
    if fcntl is not None:
        with suppress(FileExistsError):
            usual.mkdir()
        with suppress(OSError):  # another process has just renamed it
            handle = os.open(usual, os.O_RDONLY)
        if handle is not None and _is_ours(usual, handle):
            for leftover in usual.iterdir():  # from a killed process
                shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()
            return usual, handle
        if handle is not None:
            os.close(handle)
    unique = _beside(target, f"-{secrets.token_hex(4)}")
    unique.mkdir()
    return unique, None


def _beside(target: Path, mark: str = "") -> Path:
    """The temporary name in the same folder."""
    stem = target.stem
    if len(os.fsencode(stem)) > _LONGEST_STEM:
        stem = hashlib.sha256(os.fsencode(stem)).hexdigest()
    return target.with_name(f".{stem}.unfinished{mark}{target.suffix}")


def _is_ours(usual: Path, handle: int) -> bool:
    """Takes the lock; False if another process or thread is writing, or the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), usual.stat())  # False if the other one has just finished
    except OSError:
        return False


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Makes the new name survive a power cut, if the file system supports this for folders."""
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
    state = "the old file is unchanged" if target.exists() else "no partial file is left"
    remedy = FULL_REMEDY if error.errno in _FULL else ""
    return type(error)(error.errno, f"{target} could not be written: {error.strerror or error} ({state}){remedy}")
