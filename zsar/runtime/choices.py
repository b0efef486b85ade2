"""Checks settings with a fixed list of values, which the command line checks but Python does not.

An unknown value would otherwise be read as one of the others.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin, get_type_hints


def check_choices(settings: object) -> None:
    """Checks all fields of a dataclass that are annotated with a `Literal` of texts.

    Args:
        settings: An instance of a dataclass.

    Raises:
        ValueError: A field has none of its values.
    """
    for name, kind in get_type_hints(type(settings)).items():
        if get_origin(kind) is Literal and isinstance(get_args(kind)[0], str):
            check_choice(kind, **{name: getattr(settings, name)})


def check_choice(kind: Any, **values: object) -> None:  # noqa: ANN401 - a Literal
    """Checks arguments.

    Args:
        kind: A `Literal` of texts.
        **values: Arguments by name.

    Raises:
        ValueError: One is none of its values.
    """
    for name, value in values.items():
        if value not in get_args(kind):
            raise ValueError(f"{name} must be one of {', '.join(get_args(kind))}; got {value!r}")
