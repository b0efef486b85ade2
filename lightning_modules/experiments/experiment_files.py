"""Combines experiments, which point to fragments and state differences, into one configuration for jsonargparse.

    data: ../data/ucf101.yaml       a fragment, relative to the experiment, else one of zsar's (`shipped_configs`)
    data.split.shots: 4             a difference
    trainer: ../trainer/gpu.yaml
    trainer.max_epochs: 50
    adaptation: ../adaptation/zar.yaml    a fragment with differences for another section: its views

jsonargparse reads either alone, but given both it drops the fragment. Therefore files and options are first combined
into one file, by the rules of `experiments.composed_settings`; jsonargparse then checks names and values as usual. A
fragment holds a section's settings, or it is a file with that section, like an experiment: it may point to another
fragment and state differences.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from zsar.lightning_modules.experiments.composed_settings import (
    OF_A_CLASS,
    SECTIONS,
    Difference,
    Settings,
    Statement,
    compose,
    differences_of,
)
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.lightning_modules.experiments.shipped_configs import is_config_name, located, nowhere
from zsar.runtime.files.given_files import check_given_file
from zsar.runtime.text.bounded_yaml import read_yaml, read_yaml_file


def read_experiment(path: Path) -> Settings:
    """Reads an experiment, with fragments and differences applied.

    Args:
        path: The YAML file.

    Returns:
        Its content, as `compose` returns it: sections are mappings.

    Raises:
        FileNotFoundError: The file, or a fragment that it points to, does not exist.
        ValueError: The file, or such a fragment, is not a mapping, lacks a required class, or points to itself.
    """
    return compose(read_statements(path))


def read_statements(path: Path, *, pointed_from: tuple[Path, ...] = ()) -> list[Statement]:
    """Reads the statements of a file, preceded by those of the files that it points to.

    Args:
        path: The YAML file.
        pointed_from: The files that led to it.

    Returns:
        The statements, in order; the file's own is the last.

    Raises:
        FileNotFoundError: As `read_experiment`.
        ValueError: As `read_experiment`.
    """
    from_fragments: list[Statement] = []
    fragments: dict[str, Settings | None] = {}
    differences: list[Difference] = []
    others: Settings = {}
    for key, value in _load(path).items():
        section, _, rest = str(key).partition(".")
        if section not in SECTIONS:
            others[str(key)] = value
        elif rest == "class_path" and section in OF_A_CLASS:
            fragments[section] = {"class_path": value}
        elif rest:
            differences += differences_of(section, tuple(rest.split(".")), value)
        elif isinstance(value, str) and is_config_name(value):
            file = located(value, folder=path.parent)
            if file is None or not file.is_file():
                raise FileNotFoundError(
                    f"{path} points to {value}, but there is no file of that name{nowhere(value, folder=path.parent)}"
                )
            statements = _read_fragment(section, file.resolve(), pointed_from=(*pointed_from, path.resolve()))
            fragments[section] = compose(statements).get(section)
            from_fragments += [_without(section, statement) for statement in statements]
        elif section in OF_A_CLASS and (value is None or isinstance(value, str)):
            fragments[section] = None if value is None else {"class_path": value}
        elif isinstance(value, Mapping) and "class_path" in value:
            fragments[section] = dict(value)
        elif isinstance(value, Mapping):
            differences += differences_of(section, (), value)
        else:
            raise ValueError(f"{path}: {section} must be a mapping or the path of a fragment, not {value!r}")
    return [*from_fragments, Statement(str(path), fragments, tuple(differences), others)]


def with_read_experiments(arguments: Sequence[str], folder: Path, *, sections: Sequence[str] = SECTIONS) -> list[str]:
    """Replaces all files on a command line, and fragments that options name, by one `--config` file.

    It precedes the other options, which override it. `--x.y null` is written to it, since jsonargparse accepts a nested
    null only in a file. `--model T2L` alone stays an option, so that errors name what was typed.

    Args:
        arguments: The command line.
        folder: The folder of the new file, whose name is built from the given files' names, for messages.
        sections: The sections that the command has options for.

    Returns:
        The command line with the new file in place of its contents; other arguments are unchanged.

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
    prefix: list[str] = []
    for section in (name for statement in statements if statement.is_option for name in statement.fragments):
        settings = composed.get(section)
        if isinstance(settings, dict) and list(settings) == ["class_path"]:
            prefix += [f"--{section}", str(composed.pop(section)["class_path"])]
    if composed:
        prefix = ["--config", str(_written(composed, folder / ("+".join(names)[-200:] or "options.yaml"))), *prefix]
    changed = [argument for option in rest for argument in option]
    first = next((i for i, argument in enumerate(changed) if argument.startswith("-")), len(changed))
    return [*changed[:first], *prefix, *changed[first:]]


def stated_class(arguments: Sequence[str], section: str) -> str | None:
    """The class that a command line chooses for a section, before jsonargparse has read it.

    Args:
        arguments: A command line as `with_read_experiments` returns it.
        section: "model", "data" or "adaptation".

    Returns:
        Its last stated path or name; None if there is none, or null.
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
    """The statements of a fragment: of its settings, or of a file with the section."""
    if path in pointed_from:
        raise ValueError(f"{pointed_from[-1]} points to {path}, which leads to itself")
    content = _load(path)
    if any(str(key).partition(".")[0] == section for key in content):
        return read_statements(path, pointed_from=pointed_from)
    if section in OF_A_CLASS and "class_path" not in content:
        raise ValueError(f"{path} has no section {section} and no class_path; a fragment of {section} has one of them")
    return [Statement(str(path), {section: content})]


def _without(section: str, statement: Statement) -> Statement:
    """A statement without the settings of one section."""
    return replace(
        statement,
        fragments={name: value for name, value in statement.fragments.items() if name != section},
        differences=tuple(d for d in statement.differences if d.section != section),
    )


def _stated_by(option: tuple[str, ...]) -> list[Statement] | None:
    """The statements of the file, fragment or class that an option names; None if it names neither."""
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
    content = (_inline(option) or {"class_path": value}) if section in OF_A_CLASS else {}
    if "class_path" not in content:
        return None
    return [Statement(" ".join(option), {section: None if value == "null" else content}, is_option=True)]


def _is_given(path: Path) -> bool:
    """Whether a file exists; rejects anything but a regular file, as the parser would wait on a pipe.

    Raises:
        GivenFileError: It is a folder, a pipe, a device or empty.
    """
    if not os.path.lexists(path):
        return False
    check_given_file(path, remedy="give a YAML file of settings")
    return True


def _differences_by(option: tuple[str, ...]) -> list[Difference]:
    """The differences of an option that jsonargparse cannot parse.

    These are a nested null, and a mapping for a section or for a group of its settings (data.loading.stride).
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
    """A group of settings written as a mapping; None for text that only begins like one: "{} outdoors"."""
    try:
        written = _inline(option)
    except ValueError:
        return None
    return None if written is None or "class_path" in written else written


def _inline(option: tuple[str, ...]) -> Settings | None:
    """A mapping written on the command line."""
    if not option[-1].startswith("{"):
        return None
    try:
        return dict(read_yaml(option[-1]))
    except yaml.YAMLError as error:
        raise ValueError(f"{option[0]} {option[-1]} is no mapping: {' '.join(str(error).split())}") from error


def _written(composed: Settings, path: Path) -> Path:
    # not whole: only this process reads it, in a private folder
    path.write_text(yaml.safe_dump(composed, sort_keys=False), encoding="utf-8")
    return path


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration {path}")
    content = read_yaml_file(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a mapping of settings, not a {type(content).__name__}")
    return content
