"""Fragments and differences, wherever they are stated, as one configuration.

A section (model, data, adaptation, trainer, checkpoint) has a fragment, its settings, and differences, each of which
changes a setting. Files and options state either, in any order. The rule:

1. The fragment that is stated last is the section's. One that an option names (`--trainer FILE`) holds over those that
   files point to, wherever it stands. A class name alone is a fragment, unless it is the class that is there already.
2. Differences hold over the fragment beside which they are stated. In a file without a fragment of that section (a list
   of videos, an ablation, an adaptation's views) they hold over any fragment.
3. Of a file whose fragment gave way to another one, the differences stay where the new fragment states nothing:
   `--trainer configs/trainer/ddp.yaml` keeps the 50 epochs of the experiment. If it is of another class they are
   refused, since the settings of one class are none of another; a new adaptation replaces all that was said of the old.
4. Of two differences the later one holds, leaf by leaf; `callbacks+` appends to a list.
5. Differences on the command line hold over everything, wherever they stand.

A section without a class, such as trainer, may be written out in a file: `trainer: {max_epochs: 5}` states differences.
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
    """A setting that is changed.

    Attributes:
        section: One of `SECTIONS`.
        path: The names of the setting within the section; `init_args` may be left out.
        value: Its value: a leaf, or a mapping with a class_path.
    """

    section: str
    path: tuple[str, ...]
    value: object

    @property
    def key(self) -> str:
        """As it is written: "data.split.shots"."""
        return ".".join((self.section, *self.path))


@dataclass(frozen=True)
class Statement:
    """What a file or an option states.

    Attributes:
        source: The file or the option, for messages.
        fragments: The settings of sections; None for a section that is turned off.
        differences: In their order.
        others: Settings that are of no section, such as run_dir.
        is_option: Whether its fragments hold over those of files.
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
        path: The names within the section: ("split", "shots"), or ("split",) with a mapping.
        value: A leaf or a mapping. One with a class_path is a leaf: it takes the place of what is there.

    Yields:
        The differences, in their order.
    """
    if isinstance(value, Mapping) and "class_path" not in value and (value or not path):
        for name, inner in value.items():
            yield from differences_of(section, (*path, str(name)), inner)
    else:
        yield Difference(section, path, value)


def compose(statements: Sequence[Statement]) -> Settings:
    """One configuration of all that is stated, by the rule above.

    Args:
        statements: In the order in which they are stated; they are not changed.

    Returns:
        Sections as mappings, or None where they are turned off. Differences of a section with a class which no
        statement names stay as they are written ("data.split.shots").

    Raises:
        ValueError: A fragment of another class replaces one that has differences, or a difference goes into no mapping.
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
    """The statement whose fragment is the section's."""
    chosen: Statement | None = None
    for statement in sorted(statements, key=lambda statement: statement.is_option):
        if section in statement.fragments and not (chosen and _names_again(section, chosen, statement)):
            chosen = statement
    return chosen


def _names_again(section: str, earlier: Statement, later: Statement) -> bool:
    """Whether a statement only names the class that is there already."""
    settings = later.fragments[section] or {}
    if list(settings) != ["class_path"] or current_class_path(str(settings["class_path"])) != settings["class_path"]:
        return False  # a path of before 0.2 is left to the parser, which names the one of today
    return _class_of(settings) == _class_of(earlier.fragments[section])


def _that_hold(section: str, statements: Sequence[Statement], chosen: Statement | None) -> Iterator[Difference]:
    """The differences from a section that are left when its fragment is chosen."""
    for statement in statements:
        own = [difference for difference in statement.differences if difference.section == section]
        if chosen is None or statement is chosen or section not in statement.fragments:
            yield from own
        elif section != "adaptation":
            old, new = statement.fragments[section], chosen.fragments[section]
            if own and _class_of(old) != _class_of(new):
                raise ValueError(
                    f"{statement.source} states {', '.join(d.key for d in own)} for {_class_of(old)}, which "
                    f"{chosen.source} replaces by {_class_of(new)}; write an experiment that points to the fragments "
                    "you mean, with the differences that the new class is to have"
                )
            yield from (difference for difference in own if not _states(new, difference.path))


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
    """Sets a value at a path. What lies on the way is made; a name there is taken as that of a class."""
    first, *rest = path
    if "class_path" in settings and first not in _CLASS_KEYS:
        first, rest = "init_args", list(path)
    if not rest:
        _set(settings, first, value)
        return
    inner = settings.get(first)
    if isinstance(inner, list) and inner:
        inner = inner[-1]  # as jsonargparse does: `callbacks.monitor` is of the last callback
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
        settings.clear()  # the settings of one class are none of another
    settings[name] = value
