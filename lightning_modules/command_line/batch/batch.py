"""`zsar batch`: runs a list of commands in one process, which loads PyTorch once, or a sweep in several."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line import cli
from zsar.lightning_modules.command_line.batch.batch_options import BatchOptions
from zsar.lightning_modules.command_line.batch.command_lists import read_commands
from zsar.lightning_modules.command_line.batch.expansion import Job, jobs_of, restricted
from zsar.lightning_modules.command_line.batch.finished_commands import FinishedCommands, input_states
from zsar.lightning_modules.command_line.batch.job_processes import Failure, batch_folder, files_of, run_jobs
from zsar.lightning_modules.command_line.batch.sweep_files import Sweep, read_sweep
from zsar.lightning_modules.run_folders.run_lock import locked
from zsar.runtime.terminal import say

_YAML = (".yaml", ".yml")


def run(options: BatchOptions) -> int:
    """Runs the commands: a list up to the first that fails, a sweep up to the first step with a failure.

    Args:
        options: The parsed command line.

    Returns:
        0; for a list, the exit status of the command that failed; for a sweep, 1 if one failed.

    Raises:
        ValueError: A line is not a command of zsar, or a sweep file is malformed; nothing has been run then.
        FileNotFoundError: There is no such file.
    """
    if Path(options.file).suffix in _YAML:
        return _run_sweep(Path(options.file), options)
    return _run_list(options)


# --- lists ------------------------------------------------------------------------------------------------------------


def _run_list(options: BatchOptions) -> int:
    for name, value in vars(options.of_sweep).items():
        if value not in (None, ()):
            raise ValueError(f"--{name} is for sweep files (.yaml), but {options.file} is a list; leave it out")
    if options.overwrite and options.of_list.record is None:
        raise ValueError(
            "--overwrite has no effect without --record FILE, as all commands are run anyway; leave it out"
        )
    commands = read_commands(options.file)
    record = None if options.of_list.record is None else FinishedCommands(options.of_list.record)
    is_all = record is None or options.overwrite
    needed = [True] * len(commands) if is_all or record is None else record.pending(commands)
    if options.dry_run:
        say(*map(_planned, commands, needed))
        return 0
    for number, (command, is_needed) in enumerate(zip(commands, needed, strict=True), start=1):
        say(f"[{number} of {len(commands)}] {shlex.join(command)}" + ("" if is_needed else ": done before"))
        status = _run(command, record) if is_needed else 0
        if status != 0:
            say(f"zsar batch: command {number} of {len(commands)} failed; the rest was not run", error=True)
            return status
    return 0


def _run(command: Sequence[str], record: FinishedCommands | None) -> int:
    """Runs a command in this process."""
    inputs = {} if record is None else input_states(command)
    try:
        status = cli.main(command[1:])
    except SystemExit as stop:  # a wrong command line
        status = int(stop.code or 0)
    if status == 0 and record is not None:
        record.add(command, inputs)
    return status


def _planned(command: Sequence[str], is_needed: bool) -> str:
    return shlex.join(command) if is_needed else f"# done before: {shlex.join(command)}"


# --- sweeps -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Resources:
    """The parallel processes of a sweep, and the threads of each; None for what the file states."""

    jobs: int | None
    threads: int | None


def _run_sweep(path: Path, options: BatchOptions) -> int:
    if options.of_list.record is not None:
        raise ValueError(f"--record is for lists; {path} is a sweep, which keeps its records in its folder")
    sweep = restricted(read_sweep(path), values_by_name(options.of_sweep.only, "--only"))
    resources = Resources(options.of_sweep.jobs, options.of_sweep.threads)
    return run_sweep(path, sweep, resources, dry_run=options.dry_run, overwrite=options.overwrite)


def run_sweep(path: Path, sweep: Sweep, resources: Resources, *, dry_run: bool, overwrite: bool) -> int:
    """Runs a sweep up to the first step with a failure, or prints its commands.

    Args:
        path: Its file, for messages.
        sweep: The sweep.
        resources: Processes and threads, where the caller states them.
        dry_run: Whether its commands are printed instead.
        overwrite: Whether finished commands are run again.

    Returns:
        0, or 1 if a command failed.

    Raises:
        ValueError: A placeholder is unknown, or a line is not a command of zsar; nothing has been run then.
    """
    try:
        steps = jobs_of(sweep)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if dry_run:
        _print_plan(sweep, steps, overwrite=overwrite)
        return 0
    with locked(batch_folder(Path(sweep.folder)), option="folder in the sweep"):
        return _run_steps(path, sweep, steps, resources, overwrite=overwrite)


def _run_steps(
    path: Path, sweep: Sweep, steps: Sequence[Sequence[Job]], resources: Resources, *, overwrite: bool
) -> int:
    """Runs the steps, up to the first in which a job fails."""
    failures: list[Failure] = []
    for number, jobs in enumerate(steps, start=1):
        failures = run_jobs(
            jobs,
            Path(sweep.folder),
            n_at_a_time=resources.jobs or sweep.jobs,
            threads=resources.threads or sweep.threads,
            overwrite=overwrite,
        )
        if failures:
            rest = f"; steps {number + 1} to {len(steps)} were not run" if number < len(steps) else ""
            say(
                f"zsar batch: {path}: {len(failures)} of {len(jobs)} processes of step {number} failed{rest}",
                error=True,
            )
            break
    for failure in failures:
        say(f"failed: {failure.command} ({failure.job.name}; it {failure.how})", error=True)
    return 1 if failures else 0


def _print_plan(sweep: Sweep, steps: Sequence[Sequence[Job]], *, overwrite: bool) -> None:
    """Prints the commands as a list that `zsar batch -` reads; finished commands are comments."""
    for job in (job for jobs in steps for job in jobs):
        record = FinishedCommands(files_of(job, Path(sweep.folder)).record)
        needed = [True] * len(job.commands) if overwrite else record.pending(job.commands)
        say(f"# step {job.step}" + (f": {job.name}" if job.values else ""), *map(_planned, job.commands, needed))


def values_by_name(stated: Sequence[str], option: str) -> dict[str, tuple[str, ...]]:
    """The values of an option NAME=VALUES that may be repeated.

    Args:
        stated: As typed: "seed=0,1".
        option: The option, for messages.

    Raises:
        ValueError: One is not of this form, or names a variable again.
    """
    only = {}
    for text in stated:
        name, sign, values = text.partition("=")
        if not (sign and name and values):
            raise ValueError(f"{option} takes NAME=VALUES, as seed=0,1; got {text!r}")
        if name in only:
            raise ValueError(f"{option} {name}=... is given twice; write its values with commas: {name}={values},...")
        only[name] = tuple(values.split(","))
    return only
