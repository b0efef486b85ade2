"""Experiments that point to fragments and state differences, as one configuration that jsonargparse reads.

    data: ../data/ucf101.yaml       a fragment, relative to the experiment, else one of zsar's (`shipped_configs`)
    data.split.shots: 4             a difference
    trainer: ../trainer/gpu.yaml
    trainer.max_epochs: 50
    adaptation: ../adaptation/zar.yaml    a fragment with differences of another section: its views

jsonargparse reads either alone, but given both it forgets the fragment. Here all that files and options state of the
sections becomes one file, by the rule of `experiments.composed_settings`, before it sees them; what the settings
mean and whether they exist it still checks itself. A fragment is a section's settings, or a file that has the section,
as an experiment has: it may point to another fragment, and state differences.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from zsar.lightning_modules.command_line.experiments.composed_settings import (
    OF_A_CLASS,
    SECTIONS,
    Difference,
    Settings,
    Statement,
    compose,
    differences_of,
)
from zsar.lightning_modules.command_line.experiments.section_options import section_options
from zsar.lightning_modules.command_line.experiments.shipped_configs import is_config_name, located, nowhere
from zsar.runtime.files.given_files import check_given_file
from zsar.runtime.text.bounded_yaml import read_yaml, read_yaml_file


def read_experiment(path: Path) -> Settings:
    """An experiment with its fragments and differences in place.

    Args:
        path: The YAML file.

    Returns:
        Its content, as `compose` returns it: sections are mappings.

    Raises:
        FileNotFoundError: The file, or a fragment that it points to, does not exist.
        ValueError: The file, or such a fragment, is no mapping, has no class where one is due, or points to itself.
    """
    return compose(read_statements(path))


def read_statements(path: Path, *, pointed_from: tuple[Path, ...] = ()) -> list[Statement]:
    """What a file states, after what the files that it points to state.

    Args:
        path: The YAML file.
        pointed_from: The files that led to it.

    Returns:
        The statements, in their order; the file's own is the last.

    Raises:
        FileNotFoundError: As `read_experiment`.
        ValueError: As `read_experiment`.
    """
    brought: list[Statement] = []
    fragments: dict[str, Settings | None] = {}
    differences: list[Difference] = []
    others: Settings = {}
    for key, value in _load(path).items():
        section, _, rest = str(key).partition(".")
        if section not in SECTIONS:
            others[key] = value
        elif rest == "class_path" and section in OF_A_CLASS:
            fragments[section] = {"class_path": value}
        elif rest:
            differences += differences_of(section, tuple(rest.split(".")), value)
        elif isinstance(value, str) and is_config_name(value):
            found = located(value, folder=path.parent)
            if found is None or not found.is_file():
                raise FileNotFoundError(
                    f"{path} points to {value}, but there is no file of that name{nowhere(value, folder=path.parent)}"
                )
            of_fragment = _read_fragment(section, found.resolve(), pointed_from=(*pointed_from, path.resolve()))
            fragments[section] = compose(of_fragment).get(section)
            brought += [_without(section, statement) for statement in of_fragment]
        elif section in OF_A_CLASS and (value is None or isinstance(value, str)):
            fragments[section] = None if value is None else {"class_path": value}
        elif isinstance(value, Mapping) and "class_path" in value:
            fragments[section] = dict(value)
        elif isinstance(value, Mapping):
            differences += differences_of(section, (), value)
        else:
            raise ValueError(f"{path}: {section} must be a mapping or the path of a fragment, not {value!r}")
    own = Statement(str(path), fragments, tuple(differences), others)
    return [*brought, own]


def with_read_experiments(arguments: Sequence[str], folder: Path, *, sections: Sequence[str] = SECTIONS) -> list[str]:
    """A command line of which all files, and fragments that options name, have become one `--config` file.

    It comes before the other options, which hold over it. `--x.y null` goes into it, since jsonargparse understands a
    nested null in a file only. `--model T2L` alone stays an option, so that an error names what was typed.

    Args:
        arguments: The command line.
        folder: Where the file is written. Its name is made of the given files' names, for messages.
        sections: Those that the command has options of.

    Returns:
        The command line with the written file instead of what is in it; everything else as it is.

    Raises:
        FileNotFoundError: As `read_experiment`.
        ValueError: As `read_experiment` and `compose`.
    """
    statements: list[Statement] = []
    names: list[str] = []
    last: dict[str, list[Difference]] = {}
    rest: list[tuple[str, ...]] = []
    for option in section_options(arguments, sections):
        if (stated := _stated_by(option)) is not None:
            statements += stated
            names += [Path(option[1]).name] if option[0] == "--config" or is_config_name(option[1]) else []
        elif differences := _differences_by(option):
            last[option[0]] = differences
            rest = [earlier for earlier in rest if earlier[0] != option[0]]
        else:
            rest.append(option)
    by_options = tuple(difference for differences in last.values() for difference in differences)
    composed = compose([*statements, Statement("the command line", differences=by_options)])
    own: list[str] = []
    for section in (name for statement in statements if statement.is_option for name in statement.fragments):
        settings = composed.get(section)
        if isinstance(settings, dict) and list(settings) == ["class_path"]:
            own += [f"--{section}", str(composed.pop(section)["class_path"])]
    if composed:
        own = ["--config", str(_written(composed, folder / ("+".join(names)[-200:] or "options.yaml"))), *own]
    changed = [argument for option in rest for argument in option]
    first = next((i for i, argument in enumerate(changed) if argument.startswith("-")), len(changed))
    return [*changed[:first], *own, *changed[first:]]


def stated_class(arguments: Sequence[str], section: str) -> str | None:
    """The class that a command line chooses for a section, before jsonargparse has read it.

    Args:
        arguments: A command line as `with_read_experiments` returns it.
        section: "model", "data" or "adaptation".

    Returns:
        Its path or name, as it is written last; None where there is none, or null.
    """
    stated: object = None
    parts = [part for argument in arguments for part in argument.split("=", 1)]
    for name, value in pairwise(parts):
        if name == "--config" and Path(value).is_file():
            stated = _load(Path(value)).get(section, stated)
        elif name == f"--{section}":
            stated = value
    chosen = stated.get("class_path") if isinstance(stated, Mapping) else stated
    return chosen if isinstance(chosen, str) and chosen != "null" else None


def _read_fragment(section: str, path: Path, *, pointed_from: tuple[Path, ...]) -> list[Statement]:
    """What a fragment of a section states: the settings themselves, or a file that has the section."""
    if path in pointed_from:
        raise ValueError(f"{pointed_from[-1]} points to {path}, which leads to itself")
    content = _load(path)
    if any(str(key).partition(".")[0] == section for key in content):
        return read_statements(path, pointed_from=pointed_from)
    if section in OF_A_CLASS and "class_path" not in content:
        raise ValueError(f"{path} has no section {section} and no class_path; a fragment of {section} has one of them")
    return [Statement(str(path), {section: content})]


def _without(section: str, statement: Statement) -> Statement:
    """What a fragment's file states beside the fragment."""
    return replace(
        statement,
        fragments={name: value for name, value in statement.fragments.items() if name != section},
        differences=tuple(d for d in statement.differences if d.section != section),
    )


def _stated_by(option: tuple[str, ...]) -> list[Statement] | None:
    """What a file, a fragment or a class states that an option names; None where the option names none of them."""
    if len(option) == 1:
        return None
    name, value = option[0].removeprefix("--"), option[1]
    if name == "config":
        return read_statements(Path(value)) if _is_given(Path(value)) else None
    if name in SECTIONS and is_config_name(value):
        if not _is_given(Path(value)):
            return None
        read = _read_fragment(name, Path(value).resolve(), pointed_from=())
        return [replace(statement, source=" ".join(option), is_option=True) for statement in read]
    section = name.removesuffix(".class_path")
    content = _inline(option) or {"class_path": value}
    if section not in OF_A_CLASS or "class_path" not in content:
        return None
    return [Statement(" ".join(option), {section: None if value == "null" else content}, is_option=True)]


def _is_given(path: Path) -> bool:
    """Whether a file is there; what is no file is refused here, as the parser would open a pipe and wait.

    Raises:
        GivenFileError: It is a folder, a pipe, a device or empty.
    """
    if not os.path.lexists(path):
        return False
    check_given_file(path, remedy="give a YAML file of settings")
    return True


def _differences_by(option: tuple[str, ...]) -> list[Difference]:
    """The differences of an option that jsonargparse would not understand.

    These are a nested null, and a mapping for a section or for a group of settings in it (data.loading.stride).
    """
    section, _, rest = option[0].removeprefix("--").partition(".")
    if option[1:] == ("null",) and rest:
        return [Difference(section, tuple(rest.split(".")), None)]
    if not rest and section in SECTIONS:
        return list(differences_of(section, (), _inline(option) or {}))
    if "." in rest and (mapping := _nested_mapping(option)):
        return list(differences_of(section, tuple(rest.split(".")), mapping))
    return []


def _nested_mapping(option: tuple[str, ...]) -> Settings | None:
    """A group of settings that is written out; None for what only begins as one: "{} outdoors"."""
    try:
        written = _inline(option)
    except ValueError:
        return None
    return None if written is None or "class_path" in written else written


def _inline(option: tuple[str, ...]) -> Settings | None:
    """A mapping that is written out on the command line."""
    if not option[-1].startswith("{"):
        return None
    try:
        return dict(read_yaml(option[-1]))
    except yaml.YAMLError as error:
        raise ValueError(f"{option[0]} {option[-1]} is no mapping: {' '.join(str(error).split())}") from error


def _written(composed: Settings, path: Path) -> Path:
    # not whole: read by this process only, in a folder of its own
    path.write_text(yaml.safe_dump(composed, sort_keys=False), encoding="utf-8")
    return path


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration {path}")
    content = read_yaml_file(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a mapping of settings, not a {type(content).__name__}")
    return content
