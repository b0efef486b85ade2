"""A reader that leaves, as `head` does: the program that writes to it ends quietly, with the status that shells expect.

Other programs die of SIGPIPE then. Python ignores that signal, since it would also end a program whose network peer
leaves, and raises an error where it next writes; what is still in a buffer it writes when it exits, where nothing can
catch the error.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

STATUS = 141
"""The exit status, as of a program that died of SIGPIPE (128 + 13)."""


def ends_with_its_reader(run: Callable[[], int]) -> int:
    """Runs a program; where the reader of its standard output or error has left, it ends there without a message.

    Args:
        run: The program; returns its exit status.

    Returns:
        Its exit status, or `STATUS`.

    Raises:
        BaseException: Whatever it raised, `SystemExit` included.
    """
    try:
        try:
            return run()
        finally:
            _flush()
    except BaseException as error:
        if not is_of_a_closed_pipe(error):
            raise
        for stream in filter(_has_no_reader, (sys.stdout, sys.stderr)):
            with open(os.devnull, "wb") as nowhere:  # not whole: what Python writes when it exits
                os.dup2(nowhere.fileno(), stream.fileno())
        return STATUS


def is_of_a_closed_pipe(error: BaseException) -> bool:
    """Whether an error, or what it was raised from or while, is that the reader of the standard streams has left."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, BrokenPipeError):
            return _has_no_reader(sys.stdout) or _has_no_reader(sys.stderr)
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return False


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def _has_no_reader(stream: TextIO | None) -> bool:
    if stream is None or not hasattr(select, "poll"):  # Windows
        return False
    with suppress(OSError, ValueError):  # no file, as in a notebook; or closed
        poll = select.poll()
        poll.register(stream.fileno(), 0)  # errors are told always
        return any(event & select.POLLERR for _, event in poll.poll(0))
    return False
