"""The argument `progress` of the Python API: nothing, a bar, or a function of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from zsar.runtime.terminal import message_console, tracked

T = TypeVar("T")
Progress = bool | Callable[[int, int], object] | None
"""None or False for nothing, True for a bar, or a function of the numbers of items done and of all."""


def reporting(items: Iterable[T], n_items: int, what: str, progress: Progress) -> Iterator[T]:
    """Passes items on and reports each.

    Args:
        items: The items, as they are made.
        n_items: How many there will be.
        what: What is done, as shown in the bar: "classifying".
        progress: How to report.

    Yields:
        The items.
    """
    if callable(progress):
        for done, item in enumerate(items, start=1):
            progress(done, n_items)
            yield item
    elif progress:
        yield from tracked(items, what, console=message_console(), total=n_items)
    else:
        yield from items
