"""Runs the commands of a table, each in a process of its own; what has finished before is not run again."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.batch.expansion import Job
from zsar.lightning_modules.command_line.batch.finished_commands import FinishedCommands, changed_states, input_states
from zsar.lightning_modules.command_line.batch.job_processes import Failure, files_of, run_jobs
from zsar.lightning_modules.command_line.reproduce.row_commands import RowCommand
from zsar.lightning_modules.command_line.reproduce.table_plans import OUTPUT, TablePlan
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.text.json_files import json_value

_LONGEST_STEM = 150  # characters; file names have at most 255 bytes


@dataclass(frozen=True)
class RunSettings:
    """How commands are run.

    Attributes:
        output: The folder of all runs, which also holds their records and logs; None for runs/papers.
        jobs: Number of parallel processes; None for 1, or what a sweep states.
        threads: CPU threads of each; None for the environment's setting, or what a sweep states.
        overwrite: Whether finished commands are run again.
    """

    output: Path | None = None
    jobs: int | None = None
    threads: int | None = None
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """The folder of the runs of rows."""
        return self.output or OUTPUT


def is_finished(command: RowCommand, settings: RunSettings) -> bool:
    """Whether a command has finished and its inputs are unchanged."""
    record = FinishedCommands(_record(command, settings))
    return not settings.overwrite and not record.pending([command.words])[0]


def check_unchanged(plan: TablePlan, settings: RunSettings) -> None:
    """Checks that no fit that has begun or finished would be kept though its inputs have changed.

    Args:
        plan: The table.
        settings: How it is run.

    Raises:
        ValueError: One has other inputs now; `zsar fit` would resume it with them, or find nothing left to train.
    """
    for command in plan.commands:
        _check_unchanged(command, plan, settings)


def _check_unchanged(command: RowCommand, plan: TablePlan, settings: RunSettings) -> None:
    if settings.overwrite or command.verb != "fit":
        return
    record, begun = _record(command, settings), _begun(command, settings)
    changed = FinishedCommands(record).changed_inputs(command.words)
    if not changed and _is_resumed(command, settings):
        changed = changed_states(json_value(begun, "list of inputs").value, input_states(command.words))
    if changed:
        raise ValueError(
            f"{plan.table.name}, row {plan.row_of(command)!r}: {', '.join(changed)} changed since the training in "
            f"{command.run_dir} began; give --overwrite to train again, another --output, or delete {record} and "
            f"{begun} to keep it"
        )


def _is_resumed(command: RowCommand, settings: RunSettings) -> bool:
    """Whether a fit has a checkpoint, and a list of the inputs with which it began."""
    last = command.run_dir and command.run_dir / "checkpoints" / "last.ckpt"
    return bool(last and last.is_file() and _begun(command, settings).is_file())


def _write_begun(command: RowCommand, settings: RunSettings) -> None:
    """Writes the inputs of a fit that begins; a resumed one keeps those with which it began."""
    if command.verb == "fit" and (settings.overwrite or not _is_resumed(command, settings)):
        begun = _begun(command, settings)
        begun.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(begun) as unfinished:
            unfinished.write_text(json.dumps(input_states(command.words)), encoding="utf-8")


def run_rows(plan: TablePlan, settings: RunSettings) -> list[Failure]:
    """Runs the commands of a table, up to the first that fails.

    Args:
        plan: The table.
        settings: How they are run; with several processes those that do not need each other run in parallel.

    Returns:
        The failures; their jobs have the names of table and row.

    Raises:
        ValueError: A fit has begun with other inputs, such as the checkpoint of another fit that was trained again.
    """
    n_at_a_time = settings.jobs or 1
    for commands in _waves(plan.commands, is_sequential=n_at_a_time == 1):
        for command in commands:
            _check_unchanged(command, plan, settings)
            _write_begun(command, settings)
        jobs = [_job(command, plan) for command in commands]
        failures = run_jobs(
            jobs,
            settings.folder,
            n_at_a_time=n_at_a_time,
            threads=settings.threads,
            overwrite=settings.overwrite,
        )
        if failures:
            return failures
    return []


def _waves(commands: Sequence[RowCommand], *, is_sequential: bool) -> list[list[RowCommand]]:
    """Groups of commands that do not need each other, each after those that it needs."""
    if is_sequential:
        return [[command] for command in commands]
    wave_of: dict[tuple[str, ...], int] = {}
    waves: list[list[RowCommand]] = []
    for command in commands:
        wave = max((wave_of[needed] + 1 for needed in command.needs), default=0)
        wave_of[command.words] = wave
        waves += [[] for _ in range(wave + 1 - len(waves))]
        waves[wave].append(command)
    return waves


def _job(command: RowCommand, plan: TablePlan) -> Job:
    what = command.verb if command.run_dir is None else f"{command.verb} {command.run_dir}"
    return Job(1, {}, (command.words,), title=f"{plan.table.name}, {plan.row_of(command)}: {what}", stem=_stem(command))


def _record(command: RowCommand, settings: RunSettings) -> Path:
    return files_of(Job(1, {}, (command.words,), stem=_stem(command)), settings.folder).record


def _begun(command: RowCommand, settings: RunSettings) -> Path:
    """The file with the inputs of a fit when it began."""
    return _record(command, settings).with_suffix(".begun.json")


def _stem(command: RowCommand) -> str:
    """The stem of the files of a command: its run folder, on one level; the hash of other commands."""
    digest = hashlib.sha256(shlex.join(command.words).encode()).hexdigest()[:10]
    if command.run_dir is None:
        return f"{command.verb}_{digest}"
    stem = f"{command.verb}_{'_'.join(command.run_dir.parts)}".replace(":", "_").strip("/")
    return stem if len(stem) <= _LONGEST_STEM else f"{stem[:_LONGEST_STEM]}_{digest}"
