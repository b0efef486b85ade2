"""Works on many jobs in parallel processes; a job that crashes its process does not affect other jobs.

The workers are fresh processes, never forks of this one. They ignore Ctrl-C, which the main process handles, and end
with it, even if it is killed.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from zsar.runtime.processes.parent_watch import end_with_parent

Job = TypeVar("Job")
Result = TypeVar("Result")


def results_of(
    work: Callable[[Job], Result], jobs: Sequence[Job], *, n_workers: int, if_died: Result, n_ahead: int = 1
) -> Generator[tuple[Job, Result], None, None]:
    """Works on jobs in parallel.

    A process that dies, for example from a segmentation fault in a decoder or lack of memory, breaks the whole pool.
    The jobs in the pool are then run one at a time, which identifies the culprit; the remaining jobs follow.

    Args:
        work: Works on a job; a module-level function, which each process imports. Each runs with one thread.
        jobs: The jobs.
        n_workers: Processes; 0 works in this process, where a crash ends everything.
        if_died: The result of a job whose process died.
        n_ahead: Jobs queued for each worker while it works on another, so that it is never idle; after a crash these
            are also run one at a time.

    Yields:
        Each job with its result, in any order.

    Raises:
        Exception: Any error of `work`. Jobs that have started are finished first; the others are not started.
    """
    if n_workers == 0:
        yield from ((job, work(job)) for job in jobs)
        return
    make_pool = functools.partial(_pool, work.__module__)
    waiting = deque(jobs)
    while waiting:
        suspects: list[Job] = []
        n_processes = min(n_workers, len(waiting))
        with make_pool(n_processes) as pool:
            yield from _until_a_crash(pool, work, waiting, suspects, n_at_once=(1 + n_ahead) * n_processes)
        yield from _one_at_a_time(make_pool, work, suspects, if_died)


def _until_a_crash(
    pool: ProcessPoolExecutor,
    work: Callable[[Job], Result],
    waiting: deque[Job],
    suspects: list[Job],
    *,
    n_at_once: int,
) -> Generator[tuple[Job, Result], None, None]:
    """Works on waiting jobs until a process dies; `suspects` then receives all jobs that were in the pool."""
    running: dict[Future[Result], Job] = {}
    try:
        while (waiting and not suspects) or running:
            while waiting and not suspects and len(running) < n_at_once:  # all at once would take much memory
                job = waiting.popleft()
                try:
                    running[pool.submit(work, job)] = job
                except BrokenProcessPool:
                    suspects.append(job)
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    suspects.append(job)
                else:
                    yield job, result
    finally:
        pool.shutdown(cancel_futures=True)


def _one_at_a_time(
    make_pool: Callable[[int], ProcessPoolExecutor],
    work: Callable[[Job], Result],
    suspects: Sequence[Job],
    if_died: Result,
) -> Generator[tuple[Job, Result], None, None]:
    """Works on one job at a time in a process, so that a crash identifies its cause."""
    remaining = deque(suspects)
    while remaining:
        with make_pool(1) as pool:
            while remaining:
                job = remaining.popleft()
                try:
                    result = pool.submit(work, job).result()
                except BrokenProcessPool:
                    yield job, if_died
                    break
                yield job, result


def _pool(preloaded: str, n_workers: int) -> ProcessPoolExecutor:
    """A pool; a fork server, if available, imports the work's module once for all workers."""
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    # Without __main__ (a script or pytest), which may not be importable again. The fork server starts with the first
    # pool of a process; modules that later pools preload are imported by each of their workers.
    context.set_forkserver_preload([preloaded])
    return ProcessPoolExecutor(n_workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Prepares a worker: one thread, for torch too, whether the work has imported it or will."""
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
