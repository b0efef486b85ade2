"""Turns Ctrl-C and SIGTERM (a cluster's preemption, `kill`) into an exception that is reported in one line.

By default, SIGTERM ends Python without a message and without leaving its blocks. As an exception, it lets temporary
files be removed and worker processes end, and the exit status shows that the work is not done.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}


class Stopped(BaseException):
    """A signal asked the process to stop. Not an `Exception`, so that code that handles errors does not catch it.

    Attributes:
        status: The exit status by the convention of shells: 143 for SIGTERM, 130 for Ctrl-C.
        is_told: Whether to report it to the user.
    """

    def __init__(self, signum: int, remedy: str | None = None, *, is_told: bool = True) -> None:
        """An exception whose message names the signal.

        Args:
            signum: The signal.
            remedy: How to continue later.
            is_told: Whether to report it to the user; only one of several processes does.
        """
        self.is_told = is_told
        self.signum = signal.Signals(signum)
        self.status = 128 + signum
        super().__init__(f"stopped by {name_of(signum)}" + ("" if remedy is None else f"; {remedy}"))


def name_of(signum: int) -> str:
    """The usual name of a signal."""
    return _NAMES.get(signal.Signals(signum), signal.Signals(signum).name)


def raise_stopped(signum: int, frame: FrameType | None) -> None:
    """A signal handler that ends the work at once."""
    raise Stopped(signum)


@contextmanager
def stops_by(*signums: int, handler: Callable[[int, FrameType | None], None] = raise_stopped) -> Iterator[None]:
    """Handles signals within a block and restores the old handlers afterwards.

    Processes that are forked within the block (decoding workers) still end on SIGTERM, and leave Ctrl-C, which the
    terminal sends to them too, to this process.

    Args:
        signums: The signals. Those that the caller's environment ignores (`nohup`) stay ignored.
        handler: The handler.
    """
    if threading.current_thread() is not threading.main_thread():  # signals can be handled only there
        yield
        return
    main_pid, before = os.getpid(), {signum: signal.getsignal(signum) for signum in signums}

    def handle(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == main_pid:
            handler(signum, frame)
        elif signum == signal.SIGTERM:
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    try:
        for signum, old in before.items():
            if old is not signal.SIG_IGN:
                signal.signal(signum, handle)
        yield
    finally:
        for signum, old in before.items():
            signal.signal(signum, signal.SIG_DFL if old is None else old)
