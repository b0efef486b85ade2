"""The command lines that do a run again."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.report.facts.parsed_experiments import ABSENT, ComparedConfig
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.run_folders.checkpoint_names import UNTRAINED

_STAGES = ("validate", "test", "predict")


@dataclass(frozen=True)
class RunCommand:
    """A command line.

    Attributes:
        what: What it does.
        line: It, quoted for the shell.
    """

    what: str
    line: str


def commands_of(run: ReportedRun, compared: ComparedConfig) -> list[RunCommand]:
    """The commands that do again what a run did.

    Args:
        run: The run.
        compared: Its configuration beside its experiment.

    Returns:
        That of its training, into a new folder; and of each of its results, which replaces it. Each reads the
        configuration that the run kept; the last one is the main stage again from its experiment and differences.
    """
    folder = _short(run.folder)
    commands = []
    if run.training_config_file is not None:
        words = ["zsar", "fit", "--config", _short(run.training_config_file), "--run_dir", f"{folder}_again"]
        commands.append(RunCommand("Train again, into a new folder", shlex.join(words)))
    for stage in _STAGES:
        if stage not in run.results:
            continue
        logs = [path.with_name("config.yaml") for name, path in run.logs.items() if name.partition("_")[0] == stage]
        kept = next((path for path in reversed(logs) if path.is_file()), None)
        if kept is not None:
            words = ["zsar", stage, "--config", _short(kept), *_ending(run, stage)]
            commands.append(RunCommand(f"{stage.capitalize()} again, which replaces the result", shlex.join(words)))
    if compared.files and compared.problem is None and run.main_stage is not None:
        words = ["zsar", run.main_stage, *(word for name in compared.files for word in ("--config", name))]
        for difference in compared.differences:
            if difference.run != ABSENT:
                words += [f"--{difference.name}", difference.run]
        title = f"The same {run.main_stage} from its experiment and what differs"
        commands.append(RunCommand(title, shlex.join([*words, *_ending(run, run.main_stage)])))
    return commands


def _ending(run: ReportedRun, stage: str) -> list[str]:
    """The run folder and, where it is not the folder's own, the checkpoint."""
    checkpoint = part(run.results[stage], "model", "checkpoint", kind=str)
    if checkpoint is None:
        return ["--run_dir", _short(run.folder)]
    chosen = "none" if checkpoint == UNTRAINED else checkpoint
    return ["--run_dir", _short(run.folder), "--ckpt_path", chosen]


def _short(path: Path) -> str:
    """A path relative to the working directory, if it lies in it."""
    relative = os.path.relpath(path)
    return str(path.absolute()) if relative.startswith(os.pardir) else relative
