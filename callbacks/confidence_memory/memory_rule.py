"""MemoryRule: what a memory keeps and how it corrects logits, TDA's caches or DMN's dynamic memory, as settings."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Literal, Protocol, TypeVar

from torch import Tensor

from zsar.callbacks.confidence_memory.dynamic_memory import DMNSettings, DynamicMemory
from zsar.callbacks.confidence_memory.kept_views import Observations
from zsar.callbacks.confidence_memory.tda_caches import TDACaches, TDASettings

MemoryMethod = Literal["TDA", "DMN"]
MemorySettings = TDASettings | DMNSettings
Number = float | tuple[float, float]
_Memory = TypeVar("_Memory", bound="Memory")

_PUBLISHED: dict[str, dict[str, Number]] = {
    "TDA": {
        "capacity": 3,
        "alpha": 2.0,
        "beta": 5.0,
        "negative_capacity": 2,
        "negative_alpha": 0.117,
        "negative_beta": 1.0,
        "entropy_window": (0.2, 0.5),
        "mask": (0.03, 1.0),
        "confident_share": 0.1,
    },
    "DMN": {"capacity": 50, "beta": 5.5, "weight": 1.0, "confident_share": 0.1},
}
_KINDS: dict[str, type[TDASettings] | type[DMNSettings]] = {"TDA": TDASettings, "DMN": DMNSettings}


class Memory(Protocol):
    """A memory of one set of classes."""

    def insert(self, videos: Observations, row: int, *, identity: str) -> None:
        """Shows a video to the memory."""
        ...

    def merge(self: _Memory, other: _Memory) -> None:
        """Adds the memory of another process."""
        ...

    def score(self, videos: Observations) -> Tensor:
        """Logits with the memory as it is, [N, C]."""
        ...

    def counts(self) -> dict[str, list[int]]:
        """How many videos of each class are stored, by part of the memory."""
        ...


def memory_settings(method: MemoryMethod, **given: Number | None) -> MemorySettings:
    """The settings of a method: those given, and its own for the others.

    Args:
        method: The method.
        **given: Settings by name; None for the method's own.

    Raises:
        ValueError: A setting is of the other method, or out of range.
    """
    own = _PUBLISHED[method]
    foreign = [name for name, value in given.items() if value is not None and name not in own]
    if foreign:
        raise ValueError(
            f"{method} has no {', '.join(foreign)}; leave {'it' if len(foreign) == 1 else 'them'} out. Its settings "
            f"are {', '.join(own)}"
        )
    stated = {name: value for name, value in given.items() if value is not None}
    values = {**own, **{name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()}}
    for name, value in values.items():
        _check(name, value)
    kind = _KINDS[method]
    assert {field.name for field in fields(kind)} == values.keys()
    return kind(**values)  # type: ignore[arg-type]


def empty_memory(settings: MemorySettings, classes: Tensor, scale: Tensor) -> Memory:
    """A memory that holds no video yet.

    Args:
        settings: The settings.
        classes: Unit embeddings of the classes, [C, D].
        scale: Factor of the cosines in the model's logits, a scalar.
    """
    if isinstance(settings, TDASettings):
        return TDACaches(settings, len(classes))
    return DynamicMemory(settings, classes, scale)


def _check(name: str, value: Number) -> None:
    """Checks one setting.

    Raises:
        ValueError: It is out of range.
    """
    if isinstance(value, tuple):
        low, high = value
        if not 0 <= low < high <= 1:
            raise ValueError(f"{name} is from a lower to a higher number within 0 and 1; got {low} and {high}")
    elif name.endswith("capacity") and not isinstance(value, int):
        raise ValueError(f"{name} is a number of videos; got {value}")
    elif name == "confident_share":
        if not 0 < value <= 1:
            raise ValueError(f"confident_share is a share above 0 and up to 1; got {value}")
    elif not 0 <= value < math.inf:
        raise ValueError(f"{name} must be at least 0 and finite; got {value}")
