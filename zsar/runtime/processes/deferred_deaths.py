"""Raises the death of a worker process where the next item is asked for, not wherever the main thread is.

PyTorch's DataLoader raises it from a handler of the signal SIGCHLD: at any line that the main thread executes, so that
no `try` around the loader catches it for sure. Here the handler waits until the loader is asked.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
_Handler = Callable[[int, FrameType | None], object]


def deaths_when_asked(start: Callable[[], Iterator[T]]) -> Iterator[T]:
    """Passes items on; meanwhile the handler of SIGCHLD runs only while an item is awaited.

    Without such a handler in Python, outside the main thread, and where there is no such signal (Windows), items are
    just passed on.

    Args:
        start: Starts the processes and their handler, and returns the items.

    Yields:
        The items.
    """
    items = start()
    handler = _handler()
    if handler is None:
        yield from items
        return
    deferred = _Deferred(handler)
    signal.signal(signal.SIGCHLD, deferred)
    try:
        while True:
            with deferred:
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item
    finally:
        del items  # ends the processes, before their deaths are reported to others again
        deferred.end()


def _handler() -> _Handler | None:
    """The handler in Python, if there is one and it can be replaced."""
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        return None
    handler = signal.getsignal(signal.SIGCHLD)
    return handler if callable(handler) else None


class _Deferred:
    """A handler of signals that runs another one only inside of its `with` blocks."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self._is_asked, self._has_come = False, False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._is_asked:
            self._handler(number, frame)
        else:
            self._has_come = True

    def __enter__(self) -> None:
        self._is_asked = True
        if self._has_come:
            self._has_come = False
            try:
                self._handler(signal.SIGCHLD, None)
            except BaseException:
                self._is_asked = False
                raise

    def __exit__(self, *_: object) -> None:
        self._is_asked = False

    def end(self) -> None:
        """Puts the other handler back; if this one was replaced meanwhile, it passes everything on."""
        present: object = signal.getsignal(signal.SIGCHLD)
        if present is self:
            signal.signal(signal.SIGCHLD, self._handler)
        self._is_asked = True
