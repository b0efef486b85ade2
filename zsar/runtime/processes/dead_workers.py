"""Processes that died under a command: a decoding worker, or another process of a distributed run.

The system ends a process that takes too much memory without a word, so that all that is left is an error of PyTorch's
about a process number or a closed connection. Here it becomes a sentence with a remedy.
"""

from __future__ import annotations

import re
from concurrent.futures.process import BrokenProcessPool

_WORKER = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\) (?:exited unexpectedly|is killed by signal: (\w+))"
)
_PEER_IS_GONE = re.compile(
    r"Connection (?:closed|reset) by peer|Broken pipe|Socket Timeout|remote process exited|NCCL .*remote error"
    r"|watchdog .*timed? ?out|Timed out waiting \d+ms",
    re.IGNORECASE,
)
_REMEDY = (
    "most often because memory ran out; use fewer workers (`--data.loading.n_workers`, of other commands "
    "`--n_workers`; 0 decodes in the process itself and shows what fails), a smaller batch, or more memory"
)


def explain_dead_worker(error: BaseException) -> str | None:
    """The sentence for an error that is about a process that died; None for any other error.

    Args:
        error: What was raised; also what it was raised from, or while, is looked at.
    """
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if (said := _explained(cause)) is not None:
            return said
        cause = cause.__cause__ or cause.__context__
    return None


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
        return (
            f"another process of this run has ended, {_REMEDY}. What it said itself stands above, if it said anything"
        )
    return None


def died_of(pid: int, rank: int, code: int) -> str:
    """The sentence for a process of a distributed run that ended by itself.

    Args:
        pid: Its process number.
        rank: Which of the run's processes it was.
        code: Its exit status; negative for the signal that it died of.
    """
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit status {code}"
    return f"process {pid} (rank {rank}) {how}, {_REMEDY}"
