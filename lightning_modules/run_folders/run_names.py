"""Default names of run folders: the experiment, else model and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from zsar.runtime.text.bounded_yaml import read_yaml, read_yaml_file

_FILES = ("--config", "-c")
_SECTIONS = ("model", "data")


def with_run_dir(arguments: Sequence[str]) -> list[str]:
    """Completes a command line with the run folder.

    Args:
        arguments: The command line, starting with the command, as given by the user.

    Returns:
        The same, with `--run_dir` if neither an option nor a file states it: `runs/NAME` of the last file that is an
            experiment (has a model or data, not only differences), else `runs/MODEL_DATA` of the options. Unchanged if
            there is no such name: the parser will report that model and data are missing.
    """
    parts = [part for argument in arguments for part in _separated(argument)]
    pairs = list(pairwise(parts))
    files = {Path(value): _content(Path(value)) for name, value in pairs if name in _FILES}
    if "--run_dir" in parts or any("run_dir" in content for content in files.values()):
        return list(arguments)
    experiments = [path.stem for path, content in files.items() if set(_SECTIONS) & set(content)]
    chosen = [_last(pairs, section) for section in _SECTIONS]
    if experiments:
        return [*arguments, "--run_dir", f"runs/{experiments[-1]}"]
    if None in chosen:
        return list(arguments)
    return [*arguments, "--run_dir", f"runs/{'_'.join(str(name) for name in chosen)}"]


def _separated(argument: str) -> list[str]:
    name, equals, value = argument.partition("=")
    return [name, value] if equals and name.startswith("-") else [argument]


def _content(path: Path) -> Mapping[str, Any]:
    """The content of a file; empty if it cannot be read, which the parser will report."""
    try:
        content = read_yaml_file(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, Mapping) else {}


def _last(pairs: Sequence[tuple[str, str]], section: str) -> str | None:
    """The name of the class, or of the fragment, chosen last for a section."""
    values = [value for name, value in pairs if name in (f"--{section}", f"--{section}.class_path")]
    if not values:
        return None
    try:
        stated = read_yaml(values[-1])
    except yaml.YAMLError:
        stated = values[-1]
    name = str(stated.get("class_path") if isinstance(stated, Mapping) else stated)
    return Path(name).stem if Path(name).suffix in (".yaml", ".yml", ".json") else name.rpartition(".")[2]
