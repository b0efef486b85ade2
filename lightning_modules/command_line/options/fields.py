"""Options as fields of dataclasses: what each is called, takes and means is said once, where it is declared.

A command is a dataclass whose fields are made by the functions below. Options that several commands share are a
dataclass of their own, which a command has as a field (`group`); on the command line they are not nested.

Text and paths are taken as they are typed. jsonargparse's own types would read them as YAML, in which `null` and `1.0`
are no names of files, and names that are not UTF-8 are errors.
"""

from __future__ import annotations

import argparse
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from zsar.runtime.nearest_names import did_you_mean

T = TypeVar("T")
_KEY = "option"


@dataclass(frozen=True)
class Described:
    """What is said of an option, and the limits of a number.

    Attributes:
        help: What it means, without its default.
        metavar: What stands for its value in the help; None for its choices, or its name.
        otherwise: What its default means, in words; None to show the default as it is, "" to show none.
        at_least: The smallest number.
        more_than: What a number must exceed.
        at_most: The largest number.
        less_than: What a number must stay below.
        read: What makes the value of the text; None for the type's own.
        is_positional: Whether it is given by its place, without a name.
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

    def check(self, name: str, value: float) -> None:
        """Makes sure that a number is within the limits.

        Args:
            name: The option, as `--count`.
            value: The number.

        Raises:
            ValueError: It is not, or is no number.
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
    """Options of a dataclass as a part of a command's.

    Attributes:
        title: Of their part of the help; None to continue the part before.
        description: Below the title.
        excludes: Whether no more than one of them may be given.
        changes: What the command says otherwise of single options: `default`, and the attributes of `Described`.
    """

    title: str | None
    description: str | None
    excludes: bool
    changes: Mapping[str, Mapping[str, Any]]


def option(default: Any = MISSING, /, help: str = "", **said: Any) -> Any:  # noqa: ANN401 - of any type
    """An option; one without a default is required.

    Args:
        default: The value where it is not given. A `bool` is a switch, and one of None is `--name` or `--no_name`.
        help: What it means.
        said: Further attributes of `Described`.
    """
    return field(default=default, kw_only=True, metadata={_KEY: Described(help, **said)})


def argument(help: str, *, metavar: str) -> Any:  # noqa: ANN401 - of any type
    """A required argument without a name; of a type `tuple[...]` one or more.

    Args:
        help: What it means.
        metavar: What stands for it in the help.
    """
    return field(kw_only=True, metadata={_KEY: Described(help, metavar, is_positional=True)})


def group(
    title: str | None = None, description: str | None = None, *, excludes: bool = False, **changes: Mapping[str, Any]
) -> Any:  # noqa: ANN401 - of any dataclass
    """The options of a dataclass, which is the type of the field.

    Args:
        title: Of their part of the help; None to continue the part before.
        description: Below the title.
        excludes: Whether no more than one of them may be given.
        changes: What this command says otherwise of single options, such as
            `architecture={"default": "ViT-B-16-quickgelu"}`.
    """
    return field(kw_only=True, metadata={_KEY: Group(title, description, excludes, changes)})


def add_options(
    parser: argparse._ActionsContainer, kind: type, *, changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> None:
    """Adds the options of a dataclass to a parser, those of its groups too.

    Args:
        parser: A parser, or a group of one.
        kind: The dataclass.
        changes: What is said otherwise of single options.
    """
    types = get_type_hints(kind)
    section = parser
    for each in fields(kind):
        said = each.metadata[_KEY]
        if isinstance(said, Described):
            _add_option(section, each, types[each.name], changes.get(each.name, {}))
            continue
        if said.title is not None:
            section = parser.add_argument_group(said.title, said.description)
        part = section.add_mutually_exclusive_group() if said.excludes else section
        add_options(part, types[each.name], changes=said.changes)


def read_options(
    kind: type[T],
    parsed: Any,  # noqa: ANN401 - a namespace
    *,
    changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> T:
    """The dataclass of what was parsed, with numbers within their limits.

    Args:
        kind: The dataclass.
        parsed: What the parser returned.
        changes: What is said otherwise of single options, as it was for `add_options`.

    Raises:
        ValueError: A number is out of range, or options do not fit each other, as the dataclass says.
    """
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        said = each.metadata[_KEY]
        if isinstance(said, Group):
            values[each.name] = read_options(types[each.name], parsed, changes=said.changes)
            continue
        value = parsed[each.name]
        said = _changed(said, changes.get(each.name, {}))
        if isinstance(value, int | float) and not isinstance(value, bool):
            said.check(f"--{each.name}", value)
        values[each.name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _changed(said: Described, changes: Mapping[str, Any]) -> Described:
    return replace(said, **{name: value for name, value in changes.items() if name != "default"})


def _add_option(parser: argparse._ActionsContainer, each: Field[Any], kind: Any, changes: Mapping[str, Any]) -> None:  # noqa: ANN401
    said = _changed(each.metadata[_KEY], changes)
    default = changes.get("default", each.default)
    is_several, kind, may_be_none = _taken_apart(kind)
    settings: dict[str, Any] = {"help": _help(said, default)}
    if said.metavar is not None:
        settings["metavar"] = said.metavar
    if said.is_positional:
        parser.add_argument(each.name, type=_converter(kind), nargs="+" if is_several else None, **settings)
        return
    settings |= {"required": True} if default is MISSING else {"default": default}
    if kind is bool:
        settings["action"] = _Switch if may_be_none else "store_true"
    else:
        settings["type"] = said.read or _converter(kind)
        if get_origin(kind) is Literal:
            settings["choices"] = get_args(kind)
        if is_several:
            settings |= {"action": "append", "default": list(default)}
    parser.add_argument(f"--{each.name}", **settings)


def _taken_apart(kind: Any) -> tuple[bool, Any, bool]:  # noqa: ANN401 - an annotation
    """Whether there may be several values, the type of one, and whether it may be None."""
    if get_origin(kind) is tuple:
        return True, get_args(kind)[0], False
    if get_origin(kind) in (Union, UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return False, kind, True
    return False, kind, False


def _help(said: Described, default: object) -> str:
    """What it means and its default, as argparse formats it."""
    words = said.otherwise
    if words is None:
        is_shown = default is not MISSING and default is not None and not isinstance(default, bool) and default != ()
        words = str(default) if is_shown else ""
    return f"{said.help} (default: {words})".strip().replace("%", "%%") if words else said.help.replace("%", "%%")


class _Switch(argparse.BooleanOptionalAction):
    """`--name` and `--no_name`; None where neither is given."""

    def __init__(self, option_strings: list[str], **settings: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(option_strings, **settings)
        self.option_strings = [name.replace("--no-", "--no_") for name in self.option_strings]

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, not str(option_string).startswith("--no_"))


# --- the types of values ----------------------------------------------------------------------------------------------


def _converter(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - an annotation
    if get_origin(kind) is Literal:
        return lambda value: _one_of(value, get_args(kind))
    return _CONVERTERS[kind]


def as_path(value: str | Path | list[str | Path]) -> Path | list[Path]:
    """A path; of a list, which jsonargparse checks as a whole, all of them."""
    return [Path(path) for path in value] if isinstance(value, list) else Path(value)


def as_text(value: str | list[str]) -> str | list[str]:
    """Text, as it is."""
    return value


def _whole_number(value: str | int) -> int:
    try:
        return int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number; got {value}") from None


def _number(value: str | float) -> float:
    try:
        return float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number; got {value}") from None


def _one_of(value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        near = did_you_mean(value, choices)
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(choices)}; got {value}{near}")
    return value


_CONVERTERS: dict[Any, Callable[[Any], Any]] = {
    int: _whole_number,
    float: _number,
    str: as_text,
    Path: as_path,
}
