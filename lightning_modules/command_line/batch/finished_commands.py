"""Which commands can be skipped: those that succeeded and whose inputs and results have not changed since.

As in `make`, a change of a file is detected by its size and modification time. Inputs are the files that the command
line names, also below the data root, and the files that these name if they are YAML: experiments, fragments, weights,
lists, class text. Results are the contents of `--output` and of the run folder. All commands after one that is run are
run too, since they may use its results.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from zsar.datamodules.choices.data_root import default_data_root
from zsar.lightning_modules.experiments.shipped_configs import located
from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import JournalWriter, whole_lines
from zsar.runtime.text.bounded_yaml import read_yaml_file

REPORTS = ("summarize", "picture", "doctor")
"""Commands whose output is meant to be read immediately; they are always run."""

_YAML = (".yaml", ".yml")
States = dict[str, list[int] | None]
"""Size in bytes and modification time in nanoseconds of files, by path; None for a missing file."""


class FinishedCommands:
    """A record of finished commands, in a file with one JSON object per line.

    Attributes:
        path: The file.
        n_lines: Number of recorded runs; repeated runs count each time.
    """

    def __init__(self, path: Path) -> None:
        """Reads an existing record.

        Args:
            path: The file; it is created when the first command has finished.

        Raises:
            GivenFileError: It is not a regular file, too large, or not a record: nothing is added to a file of others.
        """
        self.path = path
        lines = _recorded(path) if os.path.lexists(path) else []
        self.n_lines = len(lines)
        self._states = {json.dumps(line.get("command")): line for line in lines}

    def pending(self, commands: Sequence[Sequence[str]]) -> list[bool]:
        """Returns which commands have to be run.

        Args:
            commands: The commands of one process, in order.
        """
        pending: list[bool] = []
        is_changed = False
        for command in commands:
            is_report = command[1] in REPORTS
            is_changed = is_changed or not (is_report or self._is_done(command))
            pending.append(is_changed or is_report)
        return pending

    def changed_inputs(self, command: Sequence[str]) -> list[str]:
        """Returns the inputs of a finished command that have changed since; empty if it was never finished.

        Args:
            command: The command.
        """
        line = self._states.get(json.dumps(list(command)))
        before = (line or {}).get("inputs")
        return changed_states(before, input_states(command)) if isinstance(before, dict) else []

    def add(self, command: Sequence[str], inputs: States) -> None:
        """Records a finished command.

        Args:
            command: The command.
            inputs: The states of its inputs before it began.
        """
        line = {"command": list(command), "inputs": inputs, "results": states_of(_results(command))}
        with JournalWriter(self.path) as writer:
            writer.append(line)
        self._states[json.dumps(line["command"])] = line
        self.n_lines += 1

    def _is_done(self, command: Sequence[str]) -> bool:
        line = self._states.get(json.dumps(list(command)))
        if line is None:
            return False
        results = states_of(_results(command))
        return line.get("inputs") == input_states(command) and line.get("results") == results and all(results.values())


def _recorded(path: Path) -> list[dict[str, Any]]:
    remedy = "give another file, or delete this one to run all commands again"
    lines = whole_lines(path, remedy=remedy, bytes_of_names=True)
    for number, line in enumerate(lines, start=1):
        if not {"command", "inputs", "results"} <= set(line):
            raise GivenFileError(path, f"line {number} is not a command that zsar batch recorded", remedy)
    return lines


def input_states(command: Sequence[str]) -> States:
    """Returns the states of a command's inputs.

    Args:
        command: The command; the file of `--output` is not an input.
    """
    inputs: dict[Path, None] = {}
    for previous, word in zip(("", *command), command, strict=False):
        name = word.partition("=")[2] if word.startswith("--") else word
        if previous != "--output" and name:
            path = located(name) if previous == "--config" else None
            for below in (path or Path(name), default_data_root() / name):
                _add_files(below, inputs)
    return states_of(inputs)


def changed_states(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Returns the files whose states differ, or that only one of both has.

    Args:
        before: The recorded states.
        now: The states of today.
    """
    return [path for path in {**before, **now} if before.get(path) != now.get(path)]


def states_of(paths: Iterator[Path] | Sequence[Path] | dict[Path, None]) -> States:
    """Size and modification time of files; for an existing folder a constant."""
    states: States = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            states[str(path)] = None
        else:
            states[str(path)] = [1, 0] if path.is_dir() else [status.st_size, status.st_mtime_ns]
    return states


def _add_files(path: Path, files: dict[Path, None]) -> None:
    """Adds a path if it is a file, and the files that it names."""
    if path in files or not _is_file(path):
        return
    files[path] = None
    if path.suffix in _YAML:
        for text in _texts(read_yaml_file(path)):
            for named in (path.parent / text, Path(text), default_data_root() / text):
                _add_files(named, files)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text too long for a path
        return False


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any YAML value
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _results(command: Sequence[str]) -> Iterator[Path]:
    """The results of a command: the file or folder of `--output`, the checkpoints or results of the run folder."""
    options = dict(_options(command))
    if "--output" in options:
        yield Path(options["--output"])
    if "--run_dir" in options:
        folder = Path(options["--run_dir"])
        if command[1] == "fit":
            yield from checkpoints_in(folder / "checkpoints") or [folder / "checkpoints"]
        elif command[1] in RESULT_FILES:
            yield folder / RESULT_FILES[command[1]]


def _options(command: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options with values; the run folder of a configuration comes first."""
    pairs = []
    for word, following in zip(command, (*command[1:], ""), strict=True):
        name, sign, value = word.partition("=")
        if name.startswith("--"):
            pairs.append((name, value if sign else following))
    for name, value in pairs:
        if name == "--config" and _is_file(Path(value)):
            content = read_yaml_file(Path(value))
            if isinstance(content, dict) and isinstance(content.get("run_dir"), str):
                yield "--run_dir", content["run_dir"]
    yield from pairs
