"""One rule over every option of every small command: both spellings, described once, a wrong value is one line."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from zsar.lightning_modules.command_line.cli import COMMANDS, options_module
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import Described

# Those whose parser is LightningCLI's have tests of their own.
OTHERS = ("fit", "validate", "test", "predict")
SMALL = [name for name in COMMANDS if name not in OTHERS]
HUGE = "9" * 30


@cache
def command_of(name: str) -> Command[Any]:
    command: Command[Any] = options_module(str(COMMANDS[name][1])).COMMAND
    return command


def described(kind: type) -> Iterator[tuple[str, Any, Described]]:
    """Name, type and description of the options of a dataclass, those of its groups too."""
    types = get_type_hints(kind)
    for field in fields(kind):  # type: ignore[arg-type] - it is one
        said = field.metadata["option"]
        if isinstance(said, Described):
            yield field.name, types[field.name], said
        else:
            yield from described(types[field.name])


def needed(name: str) -> list[str]:
    """The least that a command must be given."""
    least: list[str] = ["--data", "UCF101"] if name == "doctor" else []  # which it takes from an experiment, too
    for action in command_of(name).parser()._actions:
        if not action.option_strings:
            least.insert(0, "a b")
        elif action.required:
            least += [action.option_strings[0], action.choices[0] if action.choices else "x"]  # type: ignore[index]
    return least


def value_of(kind: Any, said: Described) -> list[str]:
    """A value that is not the default; none for a switch."""
    if kind in (bool, bool | None):
        return []
    choices = [each for part in (kind, *get_args(kind)) if get_origin(part) is Literal for each in get_args(part)]
    if choices:
        return [choices[-1]]
    if not is_number(kind):
        return ["a: [b-c"] * n_values(kind)
    largest = said.at_most or said.less_than or 2
    return [str(largest / 2 if kind in (float, float | None) else int(largest) - 1)]


def n_values(kind: Any) -> int:
    """How many values an option takes each time it is given."""
    parts = [get_args(part) for part in get_args(kind) if get_origin(part) is tuple]
    return len(parts[0]) if parts else 1


def is_number(kind: Any) -> bool:
    return kind in (int, float, int | None, float | None)


OPTIONS = [
    (name, option, kind, said)
    for name in SMALL
    for option, kind, said in described(command_of(name).options)
    if not said.is_positional
]
NUMBERS = [(name, option, kind) for name, option, kind, _ in OPTIONS if is_number(kind)]


def found(options: Any, name: str) -> Any:
    """The value of an option, in whichever group it is."""
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name == name and not is_dataclass(value):
            return value
        if is_dataclass(value) and any(each.name == name for each in fields(value)):
            return found(value, name)
    raise AssertionError(name)


def complaint(name: str, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of a command line that is wrong; nothing of one that is right."""
    status: object = 0
    try:
        command_of(name).parse(arguments)
    except ValueError as error:
        status, said = 2, str(error)
    except SystemExit as stop:
        status, said = stop.code, capsys.readouterr().err.strip()
    if status == 0:
        return ""
    assert status == 2
    assert said
    assert len(said.splitlines()) == 1, said
    return said


def test_all_commands_are_here() -> None:
    assert len({name for name, *_ in OPTIONS}) >= 9
    assert len(OPTIONS) > 70
    assert len(NUMBERS) > 25


@pytest.mark.parametrize(("name", "option", "kind", "said"), OPTIONS)
def test_both_spellings_of_an_option_are_one(name: str, option: str, kind: Any, said: Described) -> None:
    parser = command_of(name).parser()
    value, least = value_of(kind, said), needed(name)
    typed = [[*least, f"--{spelled}", *value] for spelled in (option, option.replace("_", "-"))]
    typed += [[*least, f"--{option.replace('_', '-')}={value[0]}"]] if len(value) == 1 else []
    first, *others = [parser.parse_args(each) for each in typed]
    assert all(other == first for other in others)
    assert first[option] != parser.parse_args(least)[option]


@pytest.mark.parametrize("name", sorted({name for name, *_ in OPTIONS}))
def test_the_help_names_each_option_once_and_in_one_spelling(name: str) -> None:
    shown = command_of(name).parser().format_help()
    rows = [line.split()[0].rstrip(",") for line in shown.splitlines() if line.startswith("  -")]
    assert max(Counter(rows).values()) == 1
    assert {row.removeprefix("--") for row in rows} == {"-h", *(option for of, option, *_ in OPTIONS if of == name)}
    assert [row for row in rows if "-" in row.lstrip("-")] == []


@pytest.mark.parametrize("name", sorted({name for name, *_ in OPTIONS}))
def test_every_option_says_what_it_means(name: str) -> None:
    for action in command_of(name).parser()._actions:
        assert action.help, action.dest
        assert action.nargs == 0 or action.choices or action.metavar, f"{action.dest} has no word for its value"


@pytest.mark.parametrize(("name", "option", "kind"), NUMBERS)
def test_a_number_that_is_none_or_out_of_reach_is_said_in_one_line(
    name: str, option: str, kind: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    least = needed(name)
    for text in ("many", "1,000", ""):
        said = complaint(name, [*least, f"--{option}={text}"], capsys)
        assert said.startswith(f"zsar {name}: error: --{option}: must be a ")
    for text in (HUGE, f"-{HUGE}"):
        assert f"--{option} must be " in complaint(name, [*least, f"--{option}={text}"], capsys)
    if kind in (float, float | None):
        for text in ("nan", "inf", "-inf"):
            assert f"--{option} must be " in complaint(name, [*least, f"--{option}={text}"], capsys)
    said = complaint(name, [*least, f"--{option}=0"], capsys)
    assert not said or f"--{option}" in said


@pytest.mark.parametrize(("name", "option", "kind", "said"), OPTIONS)
def test_a_part_of_an_option_is_none(
    name: str, option: str, kind: Any, said: Described, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {each for of, each, *_ in OPTIONS if of == name}
    part = option[:-1]
    if part not in names and not "help".startswith(part):
        line = complaint(name, [*needed(name), f"--{part}", *value_of(kind, said)], capsys)
        assert line.startswith(f"zsar {name}: error: there is no option --{part}")
