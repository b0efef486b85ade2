"""Cases handed to worker processes that die or hang only by a fault of the case that they try, which is told."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import IO

from tests.fuzz.families import FAMILIES
from tests.fuzz.outcomes import Outcome

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 10.0
"""Processor time that a case may take."""

_START_SECONDS = 300.0
_WAIT_SECONDS = 120.0  # for a case that waits for something instead of using its processor time

Case = tuple[str, int]
"""Name of the sound file and number of the mutation."""


def cases(family: str, n: int, *, first: int = 0) -> list[Case]:
    """The first n cases of a family, the same share of each sound file; `first` is the number to begin with."""
    names = tuple(FAMILIES[family].names)
    return [(names[i % len(names)], first + i // len(names)) for i in range(n)]


def run_cases(
    family: str,
    wanted: Sequence[Case],
    seeds: Path,
    *,
    seed: int,
    n_jobs: int = 1,
    most_seconds: float = MOST_SECONDS,
) -> Iterator[Outcome]:
    """Tries cases.

    Args:
        family: "video" or "text".
        wanted: The cases.
        seeds: The folder of sound files, as the family writes them.
        seed: Seed of the run.
        n_jobs: Worker processes.
        most_seconds: Processor time that a case may take.

    Yields:
        An outcome for each, as they come.
    """
    done: Queue[Outcome | BaseException] = Queue()
    left = iter(wanted)
    lock = threading.Lock()

    def work() -> None:
        try:
            with Worker(family, seeds, seed=seed, most_seconds=most_seconds) as worker:
                while True:
                    with lock:
                        case = next(left, None)
                    if case is None:
                        return
                    done.put(worker.outcome(case))
        except BaseException as error:
            done.put(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(n_jobs)]
    for thread in threads:
        thread.start()
    for _ in wanted:
        outcome = done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        yield outcome


class Worker:
    """A worker process, started again after it died; a context manager."""

    def __init__(self, family: str, seeds: Path, *, seed: int, most_seconds: float) -> None:
        """Starts nothing yet; for the arguments see `run_cases`."""
        self._arguments = (family, str(seeds), str(seed), str(most_seconds))
        self._most_seconds = most_seconds
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> Worker:
        """The worker itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the process."""
        self._end()
        self._log.close()

    def outcome(self, case: Case) -> Outcome:
        """Tries a case and waits for what comes of it, so long as that may take."""
        process = self._process or self._start()
        place = self._log.seek(0, os.SEEK_END)
        assert process.stdin is not None
        process.stdin.write(f"{case[0]} {case[1]}\n")
        process.stdin.flush()
        line = _line(process, _WAIT_SECONDS)
        if line:
            outcome = Outcome(**json.loads(line))
            if outcome.kind == "noise":
                self._log.seek(place)
                text = " ".join(self._log.read(500).decode(errors="replace").split())
                return Outcome(case[0], case[1], "noise", text, outcome.seconds, outcome.peak_mb)
            return outcome
        if line is None:
            process.send_signal(signal.SIGPROF)
            time.sleep(0.5)
        else:  # it died
            process.wait()
        hangs = line is None or process.returncode == -signal.SIGPROF
        self._end()
        self._log.seek(place)
        where = " ".join(self._log.read().decode(errors="replace").split())[-600:]
        kind = "hang" if hangs else "crash"
        return Outcome(*case, kind, f"exit status {process.returncode}; {where}", self._most_seconds if hangs else 0.0)

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.fuzz.worker", *self._arguments]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        if _line(self._process, _START_SECONDS) != "ready":
            self._end()
            self._log.seek(0)
            raise RuntimeError(f"the worker does not start: {self._log.read().decode(errors='replace')[-2000:]}")
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None


def _line(process: subprocess.Popen[str], seconds: float) -> str | None:
    """The next line of a process; empty where it died, None where there is none in time."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline().strip() if ready else None


def first_faults(outcomes: Iterable[Outcome], n: int) -> str:
    """Some faults in words, a line each."""
    some = islice((outcome for outcome in outcomes if outcome.is_fault), n)
    return "\n".join(f"{o.kind}: {o.seed_name} {o.number}: {o.detail}" for o in some)
