"""The argument `progress` of the Python API: nothing, a bar, or a function of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import TimeRemainingColumn

from zsar.runtime.terminal import message_console, progress_bar, tracked

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


@contextmanager
def reporting_steps(what: str, progress: Progress) -> Iterator[Callable[[int, int], object]]:
    """A function that work calls with the numbers of steps done and of all, and that reports them.

    Args:
        what: What is done, as shown in the bar: "drawing".
        progress: How to report.

    Yields:
        The function.
    """
    if callable(progress):
        yield progress
        return
    with progress_bar(message_console(), TimeRemainingColumn(), transient=True, hidden=not progress) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
