"""`zsar batch`: the commands of a list in one process, which loads PyTorch once, or those of a sweep in several."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line import cli
from zsar.lightning_modules.command_line.batch.command_lists import read_commands
from zsar.lightning_modules.command_line.batch.expansion import Job, jobs_of, restricted
from zsar.lightning_modules.command_line.batch.finished_commands import FinishedCommands, input_states
from zsar.lightning_modules.command_line.batch.job_processes import Failure, files_of, run_jobs
from zsar.lightning_modules.command_line.batch.sweep_files import Sweep, read_sweep
from zsar.lightning_modules.command_line.options.command_parser import CommandParser
from zsar.runtime.terminal import say

_YAML = (".yaml", ".yml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the commands: of a list up to the first that fails, of a sweep all whose step the others let begin.

    Args:
        arguments: The command line after `zsar batch`; None for the real one.

    Returns:
        0; of a list, the exit status of the command that failed; of a sweep, 1 if one did.

    Raises:
        ValueError: A line is not a command of zsar, or a sweep file is not as it must be; nothing has been run then.
        FileNotFoundError: There is no such file.
    """
    options = _parser().parse_args(arguments)
    if Path(options.file).suffix in _YAML:
        return _run_sweep(Path(options.file), options)
    return _run_list(options)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="zsar batch",
        description="Run zsar commands. A list has a command a line and is run in one process, up to the first command "
        "that fails: loading PyTorch takes seconds, which short runs would spend again and again. A sweep file (.yaml) "
        "states commands once, with variables; it runs every combination, several processes at a time, and run again "
        "it runs only what is missing, failed, or has other inputs than before. See configs/sweeps/.",
    )
    parser.add_argument("file", help='a list or a sweep file (.yaml); "-" for a list from the standard input')
    parser.add_argument("--dry-run", action="store_true", help="print the commands instead of running them")
    parser.add_argument("--overwrite", action="store_true", help="run also what has ended well before")
    of_list = parser.add_argument_group("list")
    of_list.add_argument(
        "--record", type=Path, metavar="FILE", help="remember in FILE what has ended well, and do not run it again"
    )
    of_sweep = parser.add_argument_group("sweep")
    of_sweep.add_argument("--jobs", type=int, metavar="N", help="processes at a time (default: the file's, or 1)")
    of_sweep.add_argument(
        "--threads", type=int, metavar="N", help="CPU threads of each process (default: the file's, or PyTorch's)"
    )
    of_sweep.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="only these values of a variable, separated by commas: --only seed=0 --only variant=t2l,zar",
    )
    return parser


# --- lists ------------------------------------------------------------------------------------------------------------


def _run_list(options: argparse.Namespace) -> int:
    for name in ("jobs", "threads", "only"):
        if getattr(options, name) not in (None, []):
            raise ValueError(f"--{name} is for sweep files (.yaml), but {options.file} is a list; leave it out")
    if options.overwrite and options.record is None:
        raise ValueError("--overwrite is of no use without --record FILE, as all commands are run anyway; leave it out")
    commands = read_commands(options.file)
    record = None if options.record is None else FinishedCommands(options.record)
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
class _Resources:
    """How much a sweep may use at a time."""

    jobs: int
    threads: int | None


def _run_sweep(path: Path, options: argparse.Namespace) -> int:
    if options.record is not None:
        raise ValueError(f"--record is for lists; {path} is a sweep, which keeps its records in its folder")
    for name in ("jobs", "threads"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise ValueError(f"--{name} must be at least 1; got {getattr(options, name)}")
    sweep = restricted(read_sweep(path), _only(options.only))
    try:
        steps = jobs_of(sweep)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if options.dry_run:
        _print_plan(sweep, steps, overwrite=options.overwrite)
        return 0
    resources = _Resources(options.jobs or sweep.jobs, options.threads or sweep.threads)
    return _run_steps(path, sweep, steps, resources, overwrite=options.overwrite)


def _run_steps(
    path: Path, sweep: Sweep, steps: Sequence[Sequence[Job]], resources: _Resources, *, overwrite: bool
) -> int:
    """Runs the steps, up to the first in which a job fails."""
    failures: list[Failure] = []
    for number, jobs in enumerate(steps, start=1):
        failures = run_jobs(
            jobs,
            Path(sweep.folder),
            n_at_a_time=resources.jobs,
            threads=resources.threads,
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
    """Prints the commands as a list that `zsar batch -` reads; what would not be run is a comment."""
    for job in (job for jobs in steps for job in jobs):
        record = FinishedCommands(files_of(job, Path(sweep.folder)).record)
        needed = [True] * len(job.commands) if overwrite else record.pending(job.commands)
        say(f"# step {job.step}: {job.name}", *map(_planned, job.commands, needed))


def _only(stated: Sequence[str]) -> dict[str, tuple[str, ...]]:
    only = {}
    for text in stated:
        name, sign, values = text.partition("=")
        if not (sign and name and values):
            raise ValueError(f"--only takes NAME=VALUES, as seed=0,1; got {text!r}")
        if name in only:
            raise ValueError(f"--only {name}=... is given twice; write its values with commas: {name}={values},...")
        only[name] = tuple(values.split(","))
    return only
