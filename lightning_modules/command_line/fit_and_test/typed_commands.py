"""The command line as the user typed it: its configuration files, and the commands that continue it.

The parser reads temporary files, made of experiments, fragments and differences; these must not appear in messages or
results.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from zsar.lightning_modules.experiments.shipped_configs import located

_FILES = ("--config", "-c", "--adaptation")
_SECTIONS = ("--model", "--data", "--adaptation")
_NOT_OF_EXPERIMENT = ("trainer", "logger", "visualization", "lists")  # folders of configurations
_OPTIONS_OF_TEST = ("--config", "-c", "--run_dir", "--trainer", "--seed_everything", *_SECTIONS)
_REPLACED = ("--ckpt_path", "--overwrite")
_OF_ANY_TRAINER = ("accelerator", "devices", "num_nodes", "strategy", "precision")


def given_files(arguments: Sequence[str]) -> list[str]:
    """The configuration files of a command line, in order, as typed."""
    return [value for name, value in _options(arguments) if name in _FILES and value and located(value)]


def experiment_names(arguments: Sequence[str]) -> list[str]:
    """Names of what makes an experiment: its configuration files, model and data, in order, each once.

    Files that change no result (hardware, loggers, pictures), and lists of videos, of which the splits of an experiment
    have one each, are left out.

    Args:
        arguments: The command line as typed.
    """
    names: list[str] = []
    for name, value in _options(arguments):
        if value and (name in (*_FILES, *_SECTIONS)):
            path = located(value)
            if path is None and name in _SECTIONS and not value.startswith("{"):
                names.append(value.rpartition(".")[2])
            elif path is not None and path.parent.name not in _NOT_OF_EXPERIMENT:
                names.append(path.stem)
    return list(dict.fromkeys(names))


def command_to_test(arguments: Sequence[str], run_dir: str) -> str:
    """Returns the command that tests what a command line has trained.

    Args:
        arguments: The command line, beginning with "fit".
        run_dir: The run folder, added if the command line does not name it.

    Returns:
        A line for the shell with the same experiment: its files, and all options of model, data and devices.
    """
    words: list[str] = []
    named = False
    for name, value in _options(arguments[1:]):
        section, _, rest = name.partition(".")
        if section not in _OPTIONS_OF_TEST or (section == "--trainer" and rest and rest not in _OF_ANY_TRAINER):
            continue
        if name == "--model.start_from":
            continue  # testing does not read it
        named = named or name == "--run_dir"
        words += [name] if value is None else [name, value]
    return shlex.join(["zsar", "test", *words, *([] if named else ["--run_dir", run_dir])])


def command_to_go_on(arguments: Sequence[str], checkpoint: Path | str) -> str:
    """Returns the command that resumes a stopped run, quoted for the shell.

    Args:
        arguments: The command line of the run that was stopped, beginning with the command.
        checkpoint: Its last checkpoint.
    """
    words: list[str] = []
    skips = False
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name = argument.partition("=")[0]
        if skips:
            skips = False
        elif name in _REPLACED:
            skips = "=" not in argument and not following.startswith("-")
        else:
            words.append(argument)
    return shlex.join(["zsar", *words, "--ckpt_path", _short(checkpoint)])


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Names of options with their values, typed after a space or a "="."""
    parts = [part for argument in arguments for part in (argument.split("=", 1) if argument[:1] == "-" else [argument])]
    names = [i for i, part in enumerate(parts) if part.startswith("--") or part == "-c"]
    for i, end in zip(names, [*names[1:], len(parts)], strict=True):
        yield parts[i], " ".join(parts[i + 1 : end]) if end > i + 1 else None


def _short(path: Path | str) -> str:
    """A path relative to the working directory, if it lies in it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith(os.pardir) else relative
