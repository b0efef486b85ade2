"""Checks that the fields of a dataclass have their declared types, for dataclasses filled from a file."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from reprlib import repr as shortened
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def check_fields(filled: Any) -> None:  # noqa: ANN401 - an instance of any dataclass
    """Checks every field against its annotation, also in nested dataclasses.

    Args:
        filled: An instance of a dataclass, of plain types, tuples, dicts, literals, unions and dataclasses.

    Raises:
        TypeError: A field has another type, or is a number that is not finite.
    """
    hints = _hints(type(filled))
    for field in fields(filled):
        value = getattr(filled, field.name)
        if not _is_of(value, hints[field.name]):
            raise TypeError(f"{field.name} is {shortened(value)}, not {_type_name(hints[field.name])}")


def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a class
    return get_type_hints(kind)


def _is_of(value: Any, kind: Any) -> bool:  # noqa: ANN401 - any value, any annotation
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, UnionType):
        return any(_is_of(value, argument) for argument in arguments)
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and _are_of(value, arguments)
    if origin is dict:
        return isinstance(value, dict) and all(
            _is_of(key, arguments[0]) and _is_of(content, arguments[1]) for key, content in value.items()
        )
    if kind in (int, float):
        return type(value) in (int, kind) and math.isfinite(value)
    if is_dataclass(value) and isinstance(kind, type):
        check_fields(value)
    return value is None if kind in (None, NoneType) else isinstance(value, kind)


def _are_of(values: tuple[Any, ...], kinds: tuple[Any, ...]) -> bool:
    if kinds[-1:] == (Ellipsis,):
        return all(_is_of(value, kinds[0]) for value in values)
    return len(values) == len(kinds) and all(map(_is_of, values, kinds))


def _type_name(kind: Any) -> str:  # noqa: ANN401 - any annotation
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind).replace("typing.", "")
