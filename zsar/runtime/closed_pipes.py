"""Ends the program quietly, with the status that shells expect, when the reader of its output exits, like `head`.

Other programs are ended by SIGPIPE. Python ignores this signal, since it would also end a program when a network peer
disconnects, and raises an error at the next write. Buffered output is written at exit, where no error can be caught.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

STATUS = 141
"""The exit status of a program ended by SIGPIPE (128 + 13)."""


def ends_with_its_reader(run: Callable[[], int]) -> int:
    """Runs a program; ends it without a message if the reader of its standard output or error has exited.

    Args:
        run: The program; returns its exit status.

    Returns:
        Its exit status, or `STATUS`.

    Raises:
        BaseException: Any other error of the program, including `SystemExit`.
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
            with open(os.devnull, "wb") as nowhere:  # not whole: receives what Python writes at exit
                os.dup2(nowhere.fileno(), stream.fileno())
        return STATUS


def is_of_a_closed_pipe(error: BaseException) -> bool:
    """Whether an error, or one in its chain, means that the reader of a standard stream has exited."""
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
    with suppress(OSError, ValueError):  # not a file, as in a notebook, or closed
        poll = select.poll()
        poll.register(stream.fileno(), 0)  # errors are always reported
        return any(event & select.POLLERR for _, event in poll.poll(0))
    return False
