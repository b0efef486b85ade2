"""Being told to stop, by Ctrl-C or by SIGTERM (a cluster's preemption, `kill`): an error like others, told in a line.

Python dies of SIGTERM without a word and without leaving its blocks; here it is an exception, so that temporary files
are removed, worker processes end, and the exit status says that the work is not done.
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
    """The process was told to stop. No `Exception`: whoever catches errors to go on must not catch it.

    Attributes:
        status: The exit status, as shells have it: 143 for SIGTERM, 130 for Ctrl-C.
        is_told: Whether the user is to be told.
    """

    def __init__(self, signum: int, remedy: str | None = None, *, is_told: bool = True) -> None:
        """An exception whose message names the signal.

        Args:
            signum: The signal.
            remedy: How to go on.
            is_told: Whether the user is to be told; of several processes one tells.
        """
        self.is_told = is_told
        self.signum = signal.Signals(signum)
        self.status = 128 + signum
        super().__init__(f"stopped by {name_of(signum)}" + ("" if remedy is None else f"; {remedy}"))


def name_of(signum: int) -> str:
    """What people call a signal."""
    return _NAMES.get(signal.Signals(signum), signal.Signals(signum).name)


def raise_stopped(signum: int, frame: FrameType | None) -> None:
    """A signal handler: the work ends where it is."""
    raise Stopped(signum)


@contextmanager
def stops_by(*signums: int, handler: Callable[[int, FrameType | None], None] = raise_stopped) -> Iterator[None]:
    """Has signals handled within a block, and afterwards as before.

    Processes that are forked within the block (decoding workers) die of SIGTERM as ever, and leave Ctrl-C, which the
    terminal sends to them too, to this one.

    Args:
        signums: The signals. One that the caller's environment ignores (`nohup`) is ignored still.
        handler: What is done.
    """
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield
        return
    own, before = os.getpid(), {signum: signal.getsignal(signum) for signum in signums}

    def handle(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == own:
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
