"""Experiments that point to fragments and state differences, as one configuration that jsonargparse reads.

    data: ../data/ucf101.yaml       a fragment, relative to the experiment
    data.split.shots: 4             a difference
    adaptation: ../adaptation/zar.yaml    a file of differences, which come before the experiment's own

jsonargparse reads either alone, but given both it forgets the fragment's class. Here the differences are put into the
fragment before it sees them; what they mean and whether they exist it still checks itself. A file of differences alone
(a published list of videos, say) is appended with a further `--config`, and so is an adaptation's file, which takes the
place of the adaptation that an earlier file has.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

_CLASSES = ("model", "data", "adaptation")  # sections that are {class_path, init_args}
_SECTIONS = (*_CLASSES, "trainer")
_FILES = ("--config", "--adaptation")  # options whose files may have differences


def read_experiment(path: Path) -> dict[str, Any]:
    """An experiment with its differences in place.

    Args:
        path: The YAML file.

    Returns:
        Its content: model and data as {class_path, init_args} where the file states differences from a fragment or a
        class, otherwise class names, or paths, which are made absolute. Differences from a section that the file does
        not have stay as they are.

    Raises:
        FileNotFoundError: The file, or a fragment that it points to, does not exist.
        ValueError: The file, or such a fragment, is no mapping.
    """
    content = _load(path)
    experiment = {key: value for key, value in content.items() if not _is_difference(key)}
    for section in _SECTIONS:
        fragment = experiment.get(section)
        if isinstance(fragment, str) and _is_file_name(fragment):
            located = (path.parent / fragment).resolve()
            if not located.is_file():
                raise FileNotFoundError(f"{path} points to {fragment}, but there is no file {located}")
            experiment[section] = str(located)
    differences = _without_adaptation_file(experiment)
    for key, value in (*differences.items(), *content.items()):
        if _is_difference(key) and not _put_into(experiment, key, value):
            experiment[key] = value
    return experiment


def _without_adaptation_file(experiment: dict[str, Any]) -> dict[str, Any]:
    """Puts the section `adaptation` of the file that it points to in its place; returns the file's differences."""
    fragment = experiment.get("adaptation")
    if not (isinstance(fragment, str) and _is_file_name(fragment)):
        return {}
    content = _load(Path(fragment))
    if "adaptation" not in content:
        raise ValueError(f"{fragment} has no section adaptation; an experiment's adaptation is a file that has one")
    experiment["adaptation"] = content.pop("adaptation")
    return content


def with_read_experiments(arguments: Sequence[str], folder: Path) -> list[str]:
    """A command line whose `--config` files have their differences in place, also those that later files state.

    The same is done with `--data.x.y null`, which jsonargparse understands in a file only. `--adaptation FILE` is read
    as `--config FILE`, since such a file also has differences of the data.

    Args:
        arguments: The command line.
        folder: Where the experiments that were put together are written.

    Returns:
        The command line with the written files instead of the given ones; everything else as it is.
    """
    changed: list[str] = []
    experiments: list[tuple[Path, dict[str, Any]]] = []
    given = iter(_separated(arguments))
    for argument in given:
        is_file_option = argument in _FILES
        value = next(given, None) if is_file_option or _is_difference_option(argument) else None
        if is_file_option and value is not None and Path(value).is_file():
            experiment = read_experiment(Path(value))
            _put_into_earlier([earlier for _, earlier in experiments], experiment)
            own = folder / str(len(experiments)) / Path(value).name  # errors name the file
            experiments.append((own, experiment))
            changed += ["--config", str(own)]
        elif value == "null" and not is_file_option:
            if not _put_into_last([earlier for _, earlier in experiments], argument.removeprefix("--"), None):
                changed += [argument, value]
        else:
            changed += [argument] if value is None else [argument, value]
    for own, experiment in experiments:
        own.parent.mkdir()
        # not whole: read by this process only, in a folder of its own
        own.write_text(yaml.safe_dump(experiment, sort_keys=False), encoding="utf-8")
    return changed


def stated_class(arguments: Sequence[str], section: str) -> str | None:
    """The class that a command line chooses for a section, before jsonargparse has read it.

    Args:
        arguments: A command line as `with_read_experiments` returns it.
        section: "model", "data" or "adaptation".

    Returns:
        Its path or name, as it is written last: in a file, in the fragment that a file or an option points to, or as an
        option; None where there is none, or null.
    """
    stated: object = None
    parts = [part for argument in arguments for part in argument.split("=", 1)]
    for name, value in pairwise(parts):
        if name == "--config" and Path(value).is_file():
            stated = _load(Path(value)).get(section, stated)
        elif name in (f"--{section}", f"--{section}.class_path"):
            stated = value
    if isinstance(stated, str) and _is_file_name(stated) and Path(stated).is_file():
        stated = _load(Path(stated))
    chosen = stated.get("class_path") if isinstance(stated, Mapping) else stated
    return chosen if isinstance(chosen, str) and chosen != "null" else None


def _separated(arguments: Sequence[str]) -> Iterator[str]:
    """Arguments of which `--option=value` has become two."""
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals and (name in _FILES or _is_difference_option(name)):
            yield from (name, value)
        else:
            yield argument


def _is_difference_option(argument: str) -> bool:
    return argument.startswith("--") and _is_difference(argument[2:])


def _is_difference(key: str) -> bool:
    section, dot, rest = key.partition(".")
    return bool(dot) and section in _CLASSES and rest != "help"


def _is_file_name(section: str) -> bool:
    """Whether a section is a fragment's path, and not the name of a class."""
    return Path(section).suffix in (".yaml", ".yml", ".json")


def _put_into_earlier(experiments: Sequence[dict[str, Any]], later: dict[str, Any]) -> None:
    """Moves the differences of a later file to where they belong; its adaptation replaces an earlier one."""
    if "adaptation" in later:  # jsonargparse would keep of the earlier one what the later one leaves to its defaults
        for experiment in experiments:
            experiment.pop("adaptation", None)
    for key in [key for key in later if _is_difference(key)]:
        if _put_into_last(experiments, key, later[key]):
            del later[key]


def _put_into_last(experiments: Sequence[dict[str, Any]], key: str, value: object) -> bool:
    return any(_put_into(experiment, key, value) for experiment in reversed(experiments))


def _put_into(experiment: dict[str, Any], key: str, value: object) -> bool:
    """Puts a difference into the section that it belongs to, if the experiment has it."""
    section, _, rest = key.partition(".")
    if experiment.get(section) is None:
        return False
    given = experiment[section]
    if isinstance(given, str):
        experiment[section] = _load(Path(given)) if _is_file_name(given) else {"class_path": given}
    _put(experiment[section].setdefault("init_args", {}), rest.removeprefix("init_args."), value)
    return True


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no configuration {path}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML file: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a mapping of settings, not a {type(content).__name__}")
    return content


def _put(settings: dict[str, Any], key: str, value: object) -> None:
    """Sets settings["a"]["b"] for the key "a.b"; a mapping is put into the mapping that is there.

    A mapping with a class path takes its place: the arguments of one class are none of another.
    """
    first, dot, rest = key.partition(".")
    if dot:
        _put(settings.setdefault(first, {}), rest, value)
    elif isinstance(value, Mapping) and isinstance(settings.get(first), dict) and "class_path" not in value:
        for inner, inner_value in value.items():
            _put(settings[first], inner, inner_value)
    else:
        settings[first] = copy.deepcopy(value)
