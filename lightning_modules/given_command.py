"""The command line as the user typed it: which files it named, and the command that tests what it has trained.

What is parsed are temporary files, made of experiments, fragments and differences; nothing that is written or said may
name those.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

_FILES = ("--config", "-c", "--adaptation")
_SECTIONS = ("--model", "--data", "--adaptation")
_OPTIONS_OF_TEST = ("--config", "-c", "--run_dir", "--trainer", "--seed_everything", *_SECTIONS)
_OF_ANY_TRAINER = ("accelerator", "devices", "num_nodes", "strategy", "precision")


def given_files(arguments: Sequence[str]) -> list[str]:
    """The configuration files of a command line, in their order, as they were typed."""
    return [value for name, value in _options(arguments) if name in _FILES and value and Path(value).is_file()]


def command_to_test(arguments: Sequence[str], run_dir: str) -> str:
    """The command that tests what a command line has trained.

    Args:
        arguments: The command line, beginning with "fit".
        run_dir: The run folder, for where the command line does not name it.

    Returns:
        A line for the shell with the same experiment: its files, and all options of model, data and devices.
    """
    kept: list[str] = []
    named = False
    for name, value in _options(arguments[1:]):
        section, _, rest = name.partition(".")
        if section not in _OPTIONS_OF_TEST or (section == "--trainer" and rest and rest not in _OF_ANY_TRAINER):
            continue
        if name == "--model.start_from":
            continue  # testing does not read it
        named = named or name == "--run_dir"
        kept += [name] if value is None else [name, value]
    return shlex.join(["zsar", "test", *kept, *([] if named else ["--run_dir", run_dir])])


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Names of options with their values, whether these were typed after a blank or a "="."""
    parts = [part for argument in arguments for part in (argument.split("=", 1) if argument[:1] == "-" else [argument])]
    names = [i for i, part in enumerate(parts) if part.startswith("--") or part == "-c"]
    for i, end in zip(names, [*names[1:], len(parts)], strict=True):
        yield parts[i], " ".join(parts[i + 1 : end]) if end > i + 1 else None
