"""Ranges of bytes of files at an address, by fsspec: http(s), s3, gs, az and others (the extra `cloud`).

Each reading has a time limit, and is tried again a few times, each time after a longer wait. Nothing stays open here;
fsspec makes its connections anew in each process.
"""

from __future__ import annotations

import os
import time
from typing import Any

__all__ = ["read_remote_file", "read_remote_range"]

_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.5  # doubled after each attempt
_FIRST_BYTE_SECONDS = 20.0
_SLOWEST_BYTES_PER_SECOND = 500_000.0
_INDEX_SECONDS = 300.0
_AGAIN = (408, 425, 429)  # of the statuses 400 to 499, those that pass


def read_remote_range(address: str, offset: int, n_bytes: int) -> bytes:
    """Bytes of a file at an address.

    Args:
        address: The file.
        offset: Where they begin.
        n_bytes: How many there are.

    Returns:
        Exactly these bytes.

    Raises:
        ConnectionError: They cannot be read; the message has the address, the cause and the remedy.
    """
    if not n_bytes:
        return b""
    limit = _FIRST_BYTE_SECONDS + n_bytes / _SLOWEST_BYTES_PER_SECOND

    def read() -> bytes:
        content = _cat(address, limit, start=offset, end=offset + n_bytes)
        if len(content) > n_bytes:
            raise _RefusedError("the server ignores ranges, and sends the whole file; use one that knows them")
        if len(content) < n_bytes:
            raise OSError(f"{len(content)} of {n_bytes} bytes from {offset} on were sent")
        return content

    return _tried(address, read)


def read_remote_file(address: str) -> bytes:
    """The content of a small file at an address.

    Raises:
        ConnectionError: As for `read_remote_range`.
    """
    return _tried(address, lambda: _cat(address, _INDEX_SECONDS))


class _RefusedError(Exception):
    """A failure that no further attempt changes."""


def _tried(address: str, read: Any) -> bytes:  # noqa: ANN401 - a function without arguments
    """Reads, and tries again.

    Raises:
        ConnectionError: It fails for good, or as often as it may.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            content: bytes = read()
            return content
        except Exception as error:  # of fsspec, aiohttp, botocore and others, which share no base
            cause, final = _described(error), _is_final(error)
            if final or attempt == _ATTEMPTS:
                times = "" if final else f" ({_ATTEMPTS} attempts)"
                raise ConnectionError(f"{address}: {cause}{times}; check the address and the network") from error
        # Workers that failed together do not come back together.
        time.sleep(_FIRST_WAIT_SECONDS * 2 ** (attempt - 1) * (1 + os.getpid() % 8 / 8))
    raise AssertionError("the last attempt returns or raises")


def _cat(address: str, limit_seconds: float, **given_range: int) -> bytes:
    """Reads once, for no longer than the limit where the file system can be interrupted."""
    import asyncio

    from fsspec.asyn import AsyncFileSystem, sync
    from fsspec.core import url_to_fs

    try:
        files, path = url_to_fs(address)
    except ImportError as error:
        raise _RefusedError(f"{error}; `pip install 'zsar[cloud]'` installs what reads it") from error
    except ValueError as error:
        raise _RefusedError(str(error)) from error
    if not isinstance(files, AsyncFileSystem):
        content: bytes = files.cat_file(path, **given_range)
        return content

    async def bounded() -> bytes:
        content: bytes = await asyncio.wait_for(files._cat_file(path, **given_range), limit_seconds)
        return content

    read: bytes = sync(files.loop, bounded)
    return read


def _is_final(error: Exception) -> bool:
    status = getattr(error, "status", None)
    if isinstance(status, int) and 400 <= status < 500:
        return status not in _AGAIN
    return isinstance(error, _RefusedError | FileNotFoundError | PermissionError | NotImplementedError)


def _described(error: Exception) -> str:
    """The cause in one line."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    status = getattr(error, "status", None)
    text = f"status {status}" if isinstance(status, int) else str(error) or type(error).__name__
    return " ".join(text.split())
