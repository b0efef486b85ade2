"""The commands of a sweep, with its placeholders filled in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from urllib.parse import quote

from zsar.lightning_modules.command_line.batch.command_lists import zsar_command
from zsar.lightning_modules.command_line.batch.sweep_files import Step, Sweep
from zsar.runtime.nearest_names import did_you_mean

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\}")
_MOST_COMMANDS = 100_000
Values = Mapping[str, str]
"""The values of some variables, by name."""


@dataclass(frozen=True)
class Job:
    """Commands that one process runs, in order.

    Attributes:
        step: Number of its step, from 1.
        values: Its values of the variables in `each`.
        commands: The commands, each as shell words beginning with "zsar".
        title: Its name in messages if it is not built from the values.
        stem: The stem of its file names if it is not built from step and values.
    """

    step: int
    values: Values
    commands: tuple[tuple[str, ...], ...]
    title: str = ""
    stem: str = ""

    @property
    def name(self) -> str:
        """Its name in messages: "variant=t2l seed=0", or "step 2" if it is the only one."""
        if self.title:
            return self.title
        return " ".join(f"{name}={value}" for name, value in self.values.items()) or f"step {self.step}"

    @property
    def file_stem(self) -> str:
        """The stem of its file names, unique within the sweep."""
        return self.stem or "_".join(
            [f"step{self.step}", *(f"{name}={quote(value, safe='')}" for name, value in self.values.items())]
        )


def restricted(sweep: Sweep, only: Mapping[str, tuple[str, ...]], option: str = "--only") -> Sweep:
    """Restricts a sweep to some of its values.

    Args:
        sweep: The sweep.
        only: The values to keep, by variable.
        option: The option that states them, for messages.

    Raises:
        ValueError: There is no such variable or value.
    """
    variables = dict(sweep.variables)
    for name, values in only.items():
        if name not in variables:
            near = did_you_mean(name, variables) or f"; it has {', '.join(variables) or 'none'}"
            raise ValueError(f"{option} {name}=...: the sweep has no such variable{near}")
        for value in values:
            if value not in variables[name]:
                near = did_you_mean(value, variables[name]) or f"; it is one of {', '.join(variables[name])}"
                raise ValueError(f"{option} {name}={value}: {name} has no such value{near}")
        variables[name] = {value: extras for value, extras in variables[name].items() if value in values}
    return replace(sweep, variables=variables)


def jobs_of(sweep: Sweep) -> list[list[Job]]:
    """Lists the jobs of each step.

    Args:
        sweep: The sweep.

    Returns:
        For each step its jobs, in the order of its variables' values; jobs without commands are left out.

    Raises:
        ValueError: A placeholder is unknown, or a line is not a command of zsar.
    """
    n = sum(len(step.commands) for step in sweep.steps)
    for values in sweep.variables.values():
        n *= len(values)
    if n > _MOST_COMMANDS:
        raise ValueError(f"the sweep could have {n:,} commands, more than the limit of {_MOST_COMMANDS:,}; split it up")
    return [list(_jobs(number, step, sweep)) for number, step in enumerate(sweep.steps, start=1)]


def _jobs(number: int, step: Step, sweep: Sweep) -> Iterator[Job]:
    for values in _combinations(step.each, sweep):
        commands = tuple(_commands(step, values, sweep))
        if commands:
            yield Job(number, values, commands)


def _commands(step: Step, fixed: Values, sweep: Sweep) -> Iterator[tuple[str, ...]]:
    """The commands of a process: each for all values of the variables that it names and the process leaves free."""
    for command in step.commands:
        named = _variables_of(command.text, sweep)
        free = [name for name in sweep.variables if name in named and name not in fixed]
        for name in command.where:
            if name not in fixed and name not in free:
                raise ValueError(f"{command.text}: `where` names {name!r}, which neither `each` nor the command has")
        for values in _combinations(free, sweep):
            here = {**fixed, **values}
            is_wanted = all(here[name] in wanted for name, wanted in command.where.items())
            if is_wanted and not (command.unless and Path(_filled(command.unless, here, sweep)).exists()):
                yield zsar_command(_filled(command.text, here, sweep))


def _combinations(names: tuple[str, ...] | list[str], sweep: Sweep) -> Iterator[dict[str, str]]:
    for values in product(*(sweep.variables[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def _variables_of(text: str, sweep: Sweep) -> set[str]:
    """The variables that a text names, directly or through extras."""
    named = set()
    for name, extra in _PLACEHOLDER.findall(text):
        if name in sweep.variables:
            named.add(name)
            for extras in sweep.variables[name].values():
                named |= _variables_of(extras.get(extra, ""), sweep) if extra else set()
    return named


def _filled(text: str, values: Values, sweep: Sweep) -> str:
    """The text with values, extras, lists and the folder in place of their placeholders."""

    def value_of(match: re.Match[str]) -> str:
        name, extra = match[1], match[2]
        if extra is None and name == "folder":
            return sweep.folder
        if extra is None and name in sweep.lists:
            word = sweep.lists[name]
            named = [variable for variable in sweep.variables if variable in _variables_of(word, sweep)]
            return " ".join(shlex.quote(_filled(word, chosen, sweep)) for chosen in _combinations(named, sweep))
        if name not in values:
            known = [*sweep.variables, *sweep.lists, "folder"]
            raise ValueError(f"{text}: {match[0]} is not a variable of the sweep{did_you_mean(name, known)}")
        if extra is None:
            return values[name]
        extras = sweep.variables[name][values[name]]
        if extra not in extras:
            near = did_you_mean(extra, extras) or f"; it has {', '.join(extras) or 'none'}"
            raise ValueError(f"{text}: {name} has no extra {extra!r}{near}")
        return _filled(extras[extra], values, sweep)

    return _PLACEHOLDER.sub(value_of, text)
