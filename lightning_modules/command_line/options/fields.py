"""Options as fields of dataclasses: name, type and meaning of each are declared in one place.

A command is a dataclass of such fields. Options that several commands share are a dataclass in a field (`group`).
"""

from __future__ import annotations

import argparse
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from zsar.lightning_modules.command_line.options.switch import Switch
from zsar.lightning_modules.command_line.options.values import converter

T = TypeVar("T")
_KEY = "option"


@dataclass(frozen=True)
class Described:
    """The help text of an option, and the limits of a number.

    Attributes:
        help: What it means, without its default.
        metavar: Placeholder of its value in the help; None for its choices, or its name; "A B" of a type
            `tuple[tuple[Path, Path], ...]`.
        otherwise: Its default in words; None to show the value itself, "" to show no default.
        at_least: The smallest number.
        more_than: What a number must exceed.
        at_most: The largest number.
        less_than: What a number must stay below.
        read: Converts the text to the value; None for the converter of the type.
        is_positional: Whether it is a positional argument.
        optional: Whether a positional argument of several values may have none.
    """

    help: str
    metavar: str | None = None
    otherwise: str | None = None
    at_least: float | None = None
    more_than: float | None = None
    at_most: float | None = None
    less_than: float | None = None
    read: Callable[[Any], Any] | None = None
    is_positional: bool = False
    optional: bool = False

    def check(self, name: str, value: float) -> None:
        """Checks that a number is within the limits.

        Args:
            name: The option, as `--count`.
            value: The number.

        Raises:
            ValueError: It is out of range or not finite.
        """
        broken = [
            f"{words} {limit:,}"
            for words, limit, holds in (
                ("at least", self.at_least, operator.ge),
                ("more than", self.more_than, operator.gt),
                ("at most", self.at_most, operator.le),
                ("less than", self.less_than, operator.lt),
            )
            if limit is not None and not holds(value, limit)
        ]
        if not broken and isinstance(value, float) and not math.isfinite(value):
            broken = ["a finite number"]
        if broken:
            raise ValueError(f"{name} must be {broken[0]}; got {value}")


@dataclass(frozen=True)
class Group:
    """The options of a dataclass, included in those of a command.

    Attributes:
        title: Heading of their section in the help; None to continue the previous section.
        description: Text below the title.
        excludes: Whether at most one of them may be given.
        changes: What the command overrides for single options: `default`, and the attributes of `Described`.
    """

    title: str | None
    description: str | None
    excludes: bool
    changes: Mapping[str, Mapping[str, Any]]


def option(default: Any = MISSING, /, help: str = "", **attributes: Any) -> Any:  # noqa: ANN401 - of any type
    """An option; without a default it is required.

    Args:
        default: The value if it is not given. A `bool` is a switch; with default None it is `--name` or `--no_name`.
        help: What it means.
        attributes: Further attributes of `Described`.
    """
    return field(default=default, kw_only=True, metadata={_KEY: Described(help, **attributes)})


def argument(help: str, *, metavar: str, optional: bool = False) -> Any:  # noqa: ANN401 - of any type
    """A positional argument; one or more if its type is `tuple[...]`.

    Args:
        help: What it means.
        metavar: Its placeholder in the help.
        optional: Whether one of type `tuple[...]` may have no value.
    """
    return field(kw_only=True, metadata={_KEY: Described(help, metavar, is_positional=True, optional=optional)})


def group(
    title: str | None = None, description: str | None = None, *, excludes: bool = False, **changes: Mapping[str, Any]
) -> Any:  # noqa: ANN401 - of any dataclass
    """The options of a dataclass, which is the type of the field.

    Args:
        title: Heading of their section in the help; None to continue the previous section.
        description: Text below the title.
        excludes: Whether at most one of them may be given.
        changes: What this command overrides for single options, such as
            `architecture={"default": "ViT-B-16-quickgelu"}`.
    """
    return field(kw_only=True, metadata={_KEY: Group(title, description, excludes, changes)})


def add_options(
    parser: argparse._ActionsContainer, kind: type, *, changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> None:
    """Adds the options of a dataclass and of its groups to a parser.

    Args:
        parser: A parser, or a group of one.
        kind: The dataclass.
        changes: What is overridden for single options.
    """
    types = get_type_hints(kind)
    section = parser
    for declared in fields(kind):
        entry = declared.metadata[_KEY]
        if isinstance(entry, Described):
            _add_option(section, declared, types[declared.name], changes.get(declared.name, {}))
            continue
        if entry.title is not None:
            section = parser.add_argument_group(entry.title, entry.description)
        part = section.add_mutually_exclusive_group() if entry.excludes else section
        add_options(part, types[declared.name], changes=entry.changes)


def read_options(
    kind: type[T],
    parsed: Any,  # noqa: ANN401 - a namespace
    *,
    changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> T:
    """Returns the dataclass with the parsed values, after checking that numbers are within their limits.

    Args:
        kind: The dataclass.
        parsed: What the parser returned.
        changes: What is overridden for single options, as in `add_options`.

    Raises:
        ValueError: A number is out of range, or the dataclass rejects the combination of options.
    """
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    for declared in fields(kind):  # type: ignore[arg-type]
        entry = declared.metadata[_KEY]
        if isinstance(entry, Group):
            values[declared.name] = read_options(types[declared.name], parsed, changes=entry.changes)
            continue
        value = parsed[declared.name]
        described = _changed(entry, changes.get(declared.name, {}))
        if isinstance(value, int | float) and not isinstance(value, bool):
            described.check(f"--{declared.name}", value)
        is_several = isinstance(value, list) or described.optional
        values[declared.name] = tuple(map(_pair_or_value, value or ())) if is_several else value
    return kind(**values)


def _pair_or_value(value: Any) -> Any:  # noqa: ANN401 - of any type
    return tuple(value) if isinstance(value, list) else value


def _changed(described: Described, changes: Mapping[str, Any]) -> Described:
    return replace(described, **{name: value for name, value in changes.items() if name != "default"})


def _add_option(
    parser: argparse._ActionsContainer,
    declared: Field[Any],
    kind: Any,  # noqa: ANN401 - an annotation
    changes: Mapping[str, Any],
) -> None:
    described = _changed(declared.metadata[_KEY], changes)
    default = changes.get("default", declared.default)
    is_several, kind, may_be_none = _value_type(kind)
    parts = get_args(kind) if get_origin(kind) is tuple else (kind,)  # the values of one use of the option
    kind = parts[0]
    settings: dict[str, Any] = {"help": _help(described, default)}
    if described.metavar is not None:
        settings["metavar"] = described.metavar
    if described.is_positional:
        settings["nargs"] = ("*" if described.optional else "+") if is_several else None
        parser.add_argument(declared.name, type=converter(kind), **settings)
        return
    settings |= {"required": True} if default is MISSING else {"default": default}
    if kind is bool:
        settings["action"] = Switch if may_be_none else "store_true"
    else:
        settings["type"] = described.read or converter(kind)
        if get_origin(kind) is Literal:
            settings["choices"] = get_args(kind)
        if is_several:
            settings |= {"action": "append", "default": list(default)}
        if len(parts) > 1:
            settings |= {"nargs": len(parts), "metavar": tuple(str(described.metavar).split())}
    parser.add_argument(f"--{declared.name}", **settings)


def _value_type(kind: Any) -> tuple[bool, Any, bool]:  # noqa: ANN401 - an annotation
    """Whether several values are allowed, the type of one value, and whether it may be None."""
    if get_origin(kind) is tuple:
        return True, get_args(kind)[0], False
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return False, kind, True
    return False, kind, False


def _help(described: Described, default: object) -> str:
    """The help text with the default, escaped for argparse."""
    words = described.otherwise
    if words is None:
        is_shown = default is not MISSING and default is not None and not isinstance(default, bool) and default != ()
        words = str(default) if is_shown else ""
    text = f"{described.help} (default: {words})" if words else described.help
    return text.strip().replace("%", "%%")
