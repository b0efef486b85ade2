"""One process for each share of some work; their reports are merged into one stream."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from zsar.runtime.processes.parent_watch import end_with_parent

Share = TypeVar("Share")
Report = TypeVar("Report")

_POLL_SECONDS = 0.5
_GRACE_SECONDS = 5  # for a process to end after its last report


class ProcessDiedError(RuntimeError):
    """A process ended without a report.

    Attributes:
        code: Its exit status; negative for the signal that killed it.
    """

    def __init__(self, code: int) -> None:
        """The error for an exit status."""
        self.code = code
        super().__init__(f"a process died (exit status {code})")


class WorkFailedError(RuntimeError):
    """The work of a process raised an error.

    Attributes:
        share: The index of its share.
    """

    def __init__(self, share: int, message: str) -> None:
        """The error for a share; the message is that of the original error, or its class."""
        self.share = share
        super().__init__(message)


@dataclass(frozen=True)
class _Finished:
    """A process has sent all its reports."""


@dataclass(frozen=True)
class _Failure:
    """The error that ended the work on a share."""

    share: int
    message: str


def reports_of(work: Callable[[Share], Iterable[Report]], shares: Sequence[Share]) -> Generator[Report, None, None]:
    """Works on each share in a separate process.

    The processes are spawned, since CUDA cannot be used in a forked one, and end with this process, even if it is
    killed.

    Args:
        work: Works on a share and yields reports; a module-level function. Its reports must be picklable.
        shares: One share for each process.

    Yields:
        The reports of all processes; those of one process are in order.

    Raises:
        ProcessDiedError: A process died; the others are stopped.
        WorkFailedError: The work of a process raised an error; the others are stopped.
    """
    context = multiprocessing.get_context("spawn")
    reports: Any = context.Queue()
    processes = [
        context.Process(target=_run, args=(work, position, share, reports)) for position, share in enumerate(shares)
    ]
    for process in processes:
        process.start()
    n_left = len(processes)
    try:
        while n_left:
            report = _next_report(reports, processes)
            if isinstance(report, _Finished):
                n_left -= 1
            else:
                yield report
    finally:
        for process in processes:
            process.join(timeout=0 if n_left else _GRACE_SECONDS)
            if process.is_alive():
                process.terminate()
                process.join()


def _next_report(reports: Any, processes: Sequence[BaseProcess]) -> Any:  # noqa: ANN401 - a queue of any context
    while True:
        dead = [p.exitcode for p in processes if p.exitcode]  # read before the last look at the queue
        try:
            report = reports.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            if dead:
                raise ProcessDiedError(dead[0]) from None
            continue
        if isinstance(report, _Failure):
            raise WorkFailedError(report.share, report.message)
        return report


def _run(work: Callable[[Share], Iterable[Report]], position: int, share: Share, reports: Any) -> None:  # noqa: ANN401
    """The process of a share."""
    end_with_parent()
    try:
        for report in work(share):
            reports.put(report)
        reports.put(_Finished())
    except Exception as error:
        reports.put(_Failure(position, str(error) or type(error).__name__))
