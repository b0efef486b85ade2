"""Combines fragments and differences from files and options into one configuration.

A section (model, data, adaptation, trainer, checkpoint) has a fragment, its settings, and differences, which change
single settings. Files and options state both, in any order. The rules:

1. The last stated fragment of a section wins. One named by an option (`--trainer FILE`) overrides those of files,
   regardless of order. A class name alone is a fragment, unless it repeats the current class.
2. Differences override the fragment stated in the same file. In a file without a fragment of that section (a list of
   videos, an ablation, an adaptation's views) they override any fragment.
3. If a file's fragment is replaced, its differences remain where the new fragment states nothing:
   `--trainer configs/trainer/ddp.yaml` keeps the 50 epochs of the experiment. If the new fragment has another class,
   they are an error, since settings of one class do not apply to another; a new adaptation replaces all of the old one.
4. The later of two differences wins, leaf by leaf; `callbacks+` appends to a list.
5. Differences on the command line override everything, regardless of order.

A section without a class, such as trainer, may be a mapping in a file: `trainer: {max_epochs: 5}` states differences.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zsar.runtime.class_paths import current_class_path

OF_A_CLASS = ("model", "data", "adaptation")  # sections that are {class_path, init_args}
SECTIONS = (*OF_A_CLASS, "trainer", "checkpoint")

Settings = dict[str, Any]

_CLASS_KEYS = ("class_path", "init_args", "dict_kwargs")


@dataclass(frozen=True)
class Difference:
    """One changed setting.

    Attributes:
        section: One of `SECTIONS`.
        path: Its keys within the section; `init_args` may be left out.
        value: Its value: a leaf, or a mapping with a class_path.
    """

    section: str
    path: tuple[str, ...]
    value: object

    @property
    def key(self) -> str:
        """The dotted key, such as "data.split.shots"."""
        return ".".join((self.section, *self.path))


@dataclass(frozen=True)
class Statement:
    """The settings stated by a file or an option.

    Attributes:
        source: The file or the option, for messages.
        fragments: The settings of sections; None for a section that is turned off.
        differences: The differences, in order.
        others: Settings outside of sections, such as run_dir.
        is_option: Whether its fragments override those of files.
    """

    source: str
    fragments: dict[str, Settings | None] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)
    is_option: bool = False


def differences_of(section: str, path: tuple[str, ...], value: object) -> Iterator[Difference]:
    """The leaves of a stated difference.

    Args:
        section: One of `SECTIONS`.
        path: Keys within the section: ("split", "shots"), or ("split",) with a mapping.
        value: A leaf or a mapping. One with a class_path is a leaf: it replaces the existing value.

    Yields:
        The differences, in order.
    """
    if isinstance(value, Mapping) and "class_path" not in value and (value or not path):
        for name, inner in value.items():
            yield from differences_of(section, (*path, str(name)), inner)
    else:
        yield Difference(section, path, value)


def compose(statements: Sequence[Statement]) -> Settings:
    """Combines statements into one configuration, by the rules above.

    Args:
        statements: The statements, in order; they are not changed.

    Returns:
        Sections as mappings, or None if turned off. Differences of a section whose class no statement names stay dotted
        keys ("data.split.shots").

    Raises:
        ValueError: A fragment of another class replaces one with differences, or a difference targets no mapping.
    """
    composed: Settings = {key: value for statement in statements for key, value in statement.others.items()}
    for section in SECTIONS:
        chosen = _chosen(section, statements)
        if chosen is not None and chosen.fragments[section] is None:
            composed[section] = None
            continue
        settings: Settings = {}
        for name, value in ((chosen.fragments[section] or {}) if chosen is not None else {}).items():
            _put(settings, (name,), value)
        differences = list(_that_hold(section, statements, chosen))
        if chosen is None and section in OF_A_CLASS:
            composed.update({difference.key: difference.value for difference in differences})
            continue
        for difference in differences:
            try:
                _put(settings, difference.path, difference.value)
            except TypeError as error:
                raise ValueError(f"{difference.key} cannot be set to {difference.value!r}: {error}") from error
        if settings:
            composed[section] = settings
    return composed


def _chosen(section: str, statements: Sequence[Statement]) -> Statement | None:
    """The statement whose fragment is used for a section."""
    chosen: Statement | None = None
    for statement in sorted(statements, key=lambda statement: statement.is_option):
        if section in statement.fragments and not (chosen and _names_again(section, chosen, statement)):
            chosen = statement
    return chosen


def _names_again(section: str, earlier: Statement, later: Statement) -> bool:
    """Whether a statement only repeats the class of an earlier one."""
    settings = later.fragments[section] or {}
    if list(settings) != ["class_path"] or current_class_path(str(settings["class_path"])) != settings["class_path"]:
        return False  # a path from before 0.2 is left to the parser, which reports the current one
    return _class_of(settings) == _class_of(earlier.fragments[section])


def _that_hold(section: str, statements: Sequence[Statement], chosen: Statement | None) -> Iterator[Difference]:
    """The differences of a section that apply to the chosen fragment."""
    for statement in statements:
        differences = [difference for difference in statement.differences if difference.section == section]
        if chosen is None or statement is chosen or section not in statement.fragments:
            yield from differences
        elif section != "adaptation":
            old, new = statement.fragments[section], chosen.fragments[section]
            if differences and _class_of(old) != _class_of(new):
                raise ValueError(
                    f"{statement.source} states {', '.join(d.key for d in differences)} for {_class_of(old)}, which "
                    f"{chosen.source} replaces by {_class_of(new)}; write an experiment that points to the fragments "
                    "you mean, with the differences that the new class is to have"
                )
            yield from (difference for difference in differences if not _states(new, difference.path))


def _class_of(fragment: Settings | None) -> str:
    """The short name of a fragment's class."""
    return str((fragment or {}).get("class_path")).rpartition(".")[2]


def _states(settings: object, path: tuple[str, ...]) -> bool:
    """Whether settings have a value for a path."""
    for part in path:
        if isinstance(settings, Mapping) and "class_path" in settings and part not in _CLASS_KEYS:
            settings = settings.get("init_args")
        if not isinstance(settings, Mapping) or part not in settings:
            return False
        settings = settings[part]
    return True


def _put(settings: Settings, path: tuple[str, ...], value: object) -> None:
    """Sets a value at a path. Missing mappings are created; a string on the way is taken as a class name."""
    first, *rest = path
    if "class_path" in settings and first not in _CLASS_KEYS:
        first, rest = "init_args", list(path)
    if not rest:
        _set(settings, first, value)
        return
    inner = settings.get(first)
    if isinstance(inner, list) and inner:
        inner = inner[-1]  # as in jsonargparse: `callbacks.monitor` belongs to the last callback
    elif inner is None or isinstance(inner, str):
        inner = settings[first] = {} if inner is None else {"class_path": inner}
    if not isinstance(inner, dict):
        raise TypeError(f"{first} is {inner!r}, which has no settings")
    _put(inner, tuple(rest), value)


def _set(settings: Settings, name: str, value: object) -> None:
    value = copy.deepcopy(value)
    if name.endswith("+"):
        given, added = settings.get(name[:-1]), value if isinstance(value, list) else [value]
        settings[name[:-1]] = [*([] if given is None else given if isinstance(given, list) else [given]), *added]
        return
    if name == "class_path" and settings.get(name, value) != value:
        settings.clear()  # settings of one class do not apply to another
    settings[name] = value
