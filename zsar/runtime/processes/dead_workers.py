"""Explains the death of a process during a command: a decoding worker, or another process of a distributed run.

The system kills a process that takes too much memory without a message; only an error of PyTorch about a process number
or a closed connection remains. This module turns it into a message with a remedy.
"""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

_WORKER = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\) (?:exited unexpectedly|is killed by signal: (\w+))"
)
_PEER_IS_GONE = re.compile(
    r"Connection (?:closed|reset) by peer|Broken pipe|Socket Timeout|remote process exited|NCCL .*remote error"
    r"|watchdog .*timed? ?out|Timed out waiting \d+ms",
    re.IGNORECASE,
)
_REMEDY = (
    "most often because memory ran out; use fewer workers (`--data.loading.n_workers`, in other commands "
    "`--n_workers`; 0 decodes in the main process and shows what fails), a smaller batch, or more memory"
)


def explain_dead_worker(error: BaseException) -> str | None:
    """The message for an error caused by the death of a process; None for any other error.

    Args:
        error: The error; its chain of causes and contexts is checked too.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if (message := _explained(cause)) is not None:
            return message
        cause = cause.__cause__ or cause.__context__
    return None


@contextmanager
def further_deaths_unsaid() -> Iterator[None]:
    """Ignores the deaths of more worker processes while one is explained: PyTorch raises each at any line."""
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGCHLD, lambda *_: None)
    try:
        yield
    finally:
        if handler is not None:  # None: one that is not Python's, which cannot be put back
            signal.signal(signal.SIGCHLD, handler)


def _explained(error: BaseException) -> str | None:
    text = str(error)
    if isinstance(error, BrokenProcessPool):
        return f"a worker process died, {_REMEDY}"
    if not isinstance(error, RuntimeError):
        return None
    if (worker := _WORKER.search(text)) is not None:
        by = "" if worker[2] is None else f", killed by signal {worker[2]}"
        return f"a decoding worker (process {worker[1].strip()}) died{by}, {_REMEDY}"
    if _PEER_IS_GONE.search(text) is not None:
        return f"another process of this run has ended, {_REMEDY}. Its own error message, if any, is above"
    return None


def died_of(pid: int, rank: int, code: int) -> str:
    """The message for a process of a distributed run that ended unexpectedly.

    Args:
        pid: Its process number.
        rank: Its rank in the run.
        code: Its exit status; negative for the signal that killed it.
    """
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit status {code}"
    return f"process {pid} (rank {rank}) {how}, {_REMEDY}"
