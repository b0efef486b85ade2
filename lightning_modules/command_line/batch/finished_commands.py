"""Which commands need not be run again: those that ended well, and whose inputs and results are as they were then.

As `make` does, a file is known by its size and the time of its last change. Inputs are the files that the command line
names, and those that these name if they are YAML: experiments, fragments, weights. Results are what `--output` and the
run folder hold. A command that comes after one which is run is run too, since it may use what that one makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.requested_checkpoint import checkpoints_in
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES
from zsar.runtime.files.journals import JournalWriter, known_lines
from zsar.runtime.text.bounded_yaml import read_yaml_file

REPORTS = ("summarize", "picture", "doctor")
"""Commands whose output is read at once; they are always run."""

_YAML = (".yaml", ".yml")
States = dict[str, list[int] | None]
"""Size in bytes and time of change in nanoseconds of files, by path; None for one that is not there."""


class FinishedCommands:
    """A record of commands that ended well, in a file with a JSON object a line.

    Attributes:
        path: The file.
        n_lines: How many it records, those that were run again each time counted.
    """

    def __init__(self, path: Path) -> None:
        """Reads what is there.

        Args:
            path: The file; it is made when the first command has ended.

        Raises:
            GivenFileError: It is no regular file, or too large.
        """
        self.path = path
        lines = list(known_lines(path, remedy="remove it, and all commands are run again"))
        self.n_lines = len(lines)
        self._states = {json.dumps(line.get("command")): line for line in lines}

    def pending(self, commands: Sequence[Sequence[str]]) -> list[bool]:
        """Which commands have to be run.

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

    def add(self, command: Sequence[str], inputs: States) -> None:
        """Records a command that has ended well.

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


def input_states(command: Sequence[str]) -> States:
    """The states of a command's inputs.

    Args:
        command: The command; what `--output` names is no input.
    """
    inputs: dict[Path, None] = {}
    for previous, word in zip(("", *command), command, strict=False):
        name = word.partition("=")[2] if word.startswith("--") else word
        if previous != "--output" and name:
            _add_files(Path(name), inputs)
    return states_of(inputs)


def states_of(paths: Iterator[Path] | Sequence[Path] | dict[Path, None]) -> States:
    """Size and time of change of files; a folder has neither, but is there."""
    states: States = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            states[str(path)] = None
        else:
            states[str(path)] = [1, 0] if path.is_dir() else [status.st_size, status.st_mtime_ns]
    return states


def _add_files(path: Path, found: dict[Path, None]) -> None:
    """Adds a file, if it is one, and those that it names."""
    if path in found or not _is_file(path):
        return
    found[path] = None
    if path.suffix in _YAML:
        for text in _texts(read_yaml_file(path)):
            for named in (path.parent / text, Path(text)):
                _add_files(named, found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text too long for a path
        return False


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever YAML can hold
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _results(command: Sequence[str]) -> Iterator[Path]:
    """What a command leaves: the file or folder of `--output`, the checkpoints or the results of the run folder."""
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
    """Options with values, the run folder that a configuration names first."""
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
