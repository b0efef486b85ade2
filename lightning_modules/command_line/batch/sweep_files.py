"""Sweep files: commands with variables, as YAML.

    folder: runs/ablation                      # for records and logs of the sweep; {folder} in commands
    jobs: 2                                    # parallel processes, unless --jobs is given (default: 1)
    threads: 1                                 # CPU threads of each, unless --threads is given
    variables:
      seed: [0, 1, 2]
      variant:                                 # values with extras: {variant.checkpoint}
        zero_shot: {checkpoint: ""}
        t2l: {checkpoint: "--ckpt_path {folder}/t2l/seed{seed}/checkpoints/best.ckpt"}
    lists:
      runs: "{folder}/{variant}/seed{seed}"    # one word for each combination of the named variables
    steps:                                     # one after another
      - each: [seed]
        commands:
          - unless: runs/tiny_clip/seed{seed}.pt     # skipped if this file exists
            command: zsar pretrain-tiny --seed {seed} --output runs/tiny_clip/seed{seed}.pt
      - each: [variant, seed]                  # a process for each combination, which runs the commands in order
        commands:
          - where: {variant: [t2l]}            # only for these values
            command: zsar fit --config {variant}.yaml --run_dir {folder}/{variant}/seed{seed}
          - zsar test --config {variant}.yaml --run_dir {folder}/{variant}/seed{seed} {variant.checkpoint}
      - commands:
          - zsar summarize {runs}

A command that names a variable missing in its step's `each` is repeated in the same process for each value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.runtime.nearest_names import did_you_mean
from zsar.runtime.text.bounded_yaml import read_yaml_file
from zsar.runtime.text.json_values import JsonValue

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = ("folder", "jobs", "threads", "variables", "lists", "steps")


@dataclass(frozen=True)
class SweptCommand:
    """A command with placeholders.

    Attributes:
        text: As in the shell.
        where: The values, by variable, for which it is run; other variables are not restricted.
        unless: The command is skipped if this file exists; None for no such file.
    """

    text: str
    where: Mapping[str, tuple[str, ...]]
    unless: str | None = None


@dataclass(frozen=True)
class Step:
    """Processes that do not depend on each other.

    Attributes:
        each: Variables; every combination of their values is a process. Empty for a single process.
        commands: The commands that each of them runs, in order.
    """

    each: tuple[str, ...]
    commands: tuple[SweptCommand, ...]


@dataclass(frozen=True)
class Sweep:
    """The contents of a sweep file.

    Attributes:
        folder: The folder of its records and logs.
        jobs: Number of parallel processes.
        threads: CPU threads of each; None for the environment's setting.
        variables: The values of each variable, and the extras of each value, in order.
        lists: Words that are repeated for every combination of the variables that they name.
        steps: The steps, run one after another.
    """

    folder: str
    jobs: int
    threads: int | None
    variables: Mapping[str, Mapping[str, Mapping[str, str]]]
    lists: Mapping[str, str]
    steps: tuple[Step, ...]


def read_sweep(path: Path) -> Sweep:
    """Reads a sweep file.

    Args:
        path: The file.

    Raises:
        ValueError: It is not YAML, or an entry is invalid; the message gives file and place.
        OSError: It cannot be read.
    """
    whole = JsonValue(path, _with_text_keys(read_yaml_file(path)))
    whole.check_keys(_KEYS)
    variables = {_variable(name, whole): _values(value) for name, value in _optional(whole, "variables")}
    lists = {_variable(name, whole): value.text() for name, value in _optional(whole, "lists")}
    if both := [name for name in (*lists, "folder") if name in variables]:
        raise whole.fault(f"uses the name {both[0]!r} for a variable and for something else; rename one of them")
    numbers = {name: _count(whole[name]) for name in ("jobs", "threads") if name in whole.value}
    steps = tuple(_step(step, variables) for step in whole["steps"].elements())
    if not steps:
        raise whole["steps"].fault("is empty; write at least one step with commands")
    folder = whole["folder"].name()
    return Sweep(folder, numbers.get("jobs", 1), numbers.get("threads"), variables, lists, steps)


def _step(step: JsonValue, variables: Mapping[str, Mapping[str, object]]) -> Step:
    step.check_keys(("each", "commands"))
    each = tuple(name.text() for name in step["each"].elements()) if "each" in step.value else ()
    for number, name in enumerate(each):
        _check_known(name, variables, step)
        if name in each[:number]:
            raise step["each"].fault(f"names {name!r} twice; delete one of them")
    commands = tuple(_command(command, variables) for command in step["commands"].elements())
    if not commands:
        raise step["commands"].fault("is empty; write at least one command")
    return Step(each, commands)


def _command(command: JsonValue, variables: Mapping[str, Mapping[str, object]]) -> SweptCommand:
    if isinstance(command.value, str):
        return SweptCommand(command.text(), {})
    command.check_keys(("where", "unless", "command"))
    where = {}
    for name, values in _optional(command, "where"):
        _check_known(name, variables, command)
        where[name] = tuple(_word(value) for value in values.elements())
        for value in where[name]:
            if value not in variables[name]:
                raise values.fault(f"has {value!r}, which {name} never is{did_you_mean(value, variables[name])}")
    unless = command["unless"].name() if "unless" in command.value else None
    return SweptCommand(command["command"].text(), where, unless)


def _values(variable: JsonValue) -> dict[str, dict[str, str]]:
    """The values of a variable with their extras; the values of a list have none."""
    values: dict[str, dict[str, str]] = {}
    if isinstance(variable.value, dict):
        for name, extras in variable.items():
            values[name] = {_variable(extra, variable): _word(word) for extra, word in extras.items()}
    else:
        for element in variable.elements():
            value = _word(element)
            if value in values:
                raise variable.fault(f"has {value!r} twice; delete one of them")
            values[value] = {}
    if not values:
        raise variable.fault("has no value; give at least one")
    first = next(iter(values.values()))
    for value, stated in values.items():
        if set(stated) != set(first):
            raise variable.fault(f"has the extras {list(stated)} for {value!r}, but {list(first)} before; use the same")
    return values


def _with_text_keys(value: Any) -> Any:  # noqa: ANN401 - any YAML value
    """The value with keys as strings: 16 becomes "16"."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return [_with_text_keys(inner) for inner in value] if isinstance(value, list) else value


def _word(value: JsonValue) -> str:
    if isinstance(value.value, bool) or not isinstance(value.value, (str, int, float)):
        raise value.fault(f"is {value.value!r}, but must be a text or a number; put it in quotation marks")
    return str(value.value)


def _count(value: JsonValue) -> int:
    if isinstance(value.value, bool) or not isinstance(value.value, int) or value.value < 1:
        raise value.fault(f"is {value.value!r}, but must be a whole number of at least 1; correct it")
    return value.value


def _optional(value: JsonValue, key: str) -> list[tuple[str, JsonValue]]:
    return list(value[key].items()) if key in value.value else []


def _variable(name: str, within: JsonValue) -> str:
    if not _NAME.fullmatch(name):
        raise within.fault(f"has the name {name!r}; names are small letters, digits and underscores, as seed or top_k")
    return name


def _check_known(name: str, variables: Mapping[str, object], within: JsonValue) -> None:
    if name not in variables:
        near = did_you_mean(name, variables) or f"; it has {', '.join(variables) or 'none'}"
        raise within.fault(f"names {name!r}, but the sweep has no such variable{near}")
