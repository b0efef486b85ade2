"""Runs the jobs of a sweep in parallel, each in its own process."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.batch.expansion import Job
from zsar.lightning_modules.command_line.batch.finished_commands import FinishedCommands
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.processes.stopping import Stopped
from zsar.runtime.terminal import say

_LOOKED_SECONDS = 0.1


@dataclass(frozen=True)
class Failure:
    """A command that failed.

    Attributes:
        job: The job that ran it.
        command: The command line.
        how: How it ended, such as "ended with status 1".
    """

    job: Job
    command: str
    how: str


@dataclass(frozen=True)
class JobFiles:
    """The files of a job.

    Attributes:
        commands: Its commands, as a list for `zsar batch`.
        record: The record of its finished commands.
        log: Its output; if only one job runs at a time, it prints to the terminal instead.
    """

    commands: Path
    record: Path
    log: Path


def batch_folder(folder: Path) -> Path:
    """The folder of the jobs' files within the folder of their sweep."""
    return folder / "batch"


def files_of(job: Job, folder: Path) -> JobFiles:
    """The files of a job in the folder of its sweep."""
    stem = batch_folder(folder) / job.file_stem
    return JobFiles(*(stem.with_name(f"{stem.name}{suffix}") for suffix in (".txt", ".jsonl", ".log")))


def run_jobs(
    jobs: Sequence[Job], folder: Path, *, n_at_a_time: int, threads: int | None, overwrite: bool
) -> list[Failure]:
    """Runs jobs that do not depend on each other.

    A job that fails does not stop the others. If this process ends, theirs end too: a signal is passed on to them once,
    so that a training saves its last checkpoint, and they end if this process dies.

    Args:
        jobs: The jobs.
        folder: The folder of the sweep, which holds their files.
        n_at_a_time: Number of parallel jobs.
        threads: CPU threads of each; None for the environment's setting.
        overwrite: Whether finished commands are run again.

    Returns:
        The failures.
    """
    waiting = list(jobs)
    running: list[_Running] = []
    failures: list[Failure] = []
    n_at_a_time = min(n_at_a_time, len(jobs))
    try:
        while waiting or running:
            while waiting and len(running) < n_at_a_time:
                started = _start(waiting.pop(0), folder, logged=n_at_a_time > 1, threads=threads, overwrite=overwrite)
                running += [started] if started else []
            ended = [job for job in running if job.process.poll() is not None]
            running = [job for job in running if job not in ended]
            failures += [failure for job in ended if (failure := job.failure()) is not None]
            if running and not ended:
                time.sleep(_LOOKED_SECONDS)
    except (KeyboardInterrupt, Stopped) as stop:
        _hand_on(stop, running)
        raise
    finally:
        for job in running:
            job.process.wait()
    return failures


@dataclass(frozen=True)
class _Running:
    """A job and its process."""

    job: Job
    files: JobFiles
    process: subprocess.Popen[bytes]
    pending: tuple[tuple[str, ...], ...]
    started: float
    n_recorded: int
    logged: bool

    def failure(self) -> Failure | None:
        """Reports the end of the process; returns the failure, or None."""
        status = self.process.returncode
        if status == 0:
            say(f"{self.job.name}: done in {time.monotonic() - self.started:.0f} s")
            return None
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        how += f"; log: {self.files.log}" if self.logged else ""
        n_done = FinishedCommands(self.files.record).n_lines - self.n_recorded
        command = shlex.join(self.pending[min(n_done, len(self.pending) - 1)])
        say(f"{self.job.name}: failed, {command} {how}", error=True)
        return Failure(self.job, command, how)


def _start(job: Job, folder: Path, *, logged: bool, threads: int | None, overwrite: bool) -> _Running | None:
    """Starts a job; reports and returns None if all its commands were finished before."""
    files = files_of(job, folder)
    files.commands.parent.mkdir(parents=True, exist_ok=True)
    if overwrite:
        files.record.unlink(missing_ok=True)
    record = FinishedCommands(files.record)
    needed = record.pending(job.commands)
    pending = tuple(command for command, is_needed in zip(job.commands, needed, strict=True) if is_needed)
    if not pending:
        say(f"{job.name}: done before")
        return None
    with whole_file(files.commands) as unfinished:
        unfinished.write_text("".join(f"{shlex.join(command)}\n" for command in job.commands), encoding="utf-8")
    say(f"{job.name}: {len(pending)} of {len(job.commands)} commands" + (f", log: {files.log}" if logged else ""))
    environment = os.environ if threads is None else {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with ExitStack() as stack:
        # not whole: a log, which is read while the job runs
        output = stack.enter_context(files.log.open("wb")) if logged else None
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "zsar.lightning_modules.command_line.batch.job",
                str(files.commands),
                str(files.record),
            ],
            env=environment,
            stdin=subprocess.PIPE,  # closed when this process dies
            stdout=output,
            stderr=subprocess.STDOUT if logged else None,
            start_new_session=True,  # Ctrl-C in the terminal reaches only this process, which passes it on
        )
    return _Running(job, files, process, pending, time.monotonic(), record.n_lines, logged)


def _hand_on(stop: BaseException, running: Sequence[_Running]) -> None:
    signum = stop.signum if isinstance(stop, Stopped) else signal.SIGINT
    for job in running:
        if job.process.poll() is None:
            job.process.send_signal(signum)
