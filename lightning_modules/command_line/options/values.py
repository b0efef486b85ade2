"""Values of options from their text, with a one-sentence error for what cannot be read.

Text and paths are taken as typed. jsonargparse's own types would parse them as YAML, where `null` and `1.0` are not
file names and names that are not UTF-8 are errors.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from zsar.runtime.nearest_names import did_you_mean


def converter(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - an annotation
    """Returns the function that converts text on the command line to a value.

    Args:
        kind: The type of the value: int, float, str, Path, or a Literal of strings.
    """
    if get_origin(kind) is Literal:
        return lambda value: _one_of(value, get_args(kind))
    return _CONVERTERS[kind]


def as_path(value: str | Path | list[str | Path]) -> Path | list[Path]:
    """A path, or the paths of a list, which jsonargparse checks as a whole."""
    return [Path(path) for path in value] if isinstance(value, list) else Path(value)


def as_text(value: str | list[str]) -> str | list[str]:
    """Text, unchanged."""
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
