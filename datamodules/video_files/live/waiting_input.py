"""WaitingInput: a pipe or a growing file that FFmpeg reads as data comes, and that ends when it is told to."""

from __future__ import annotations

import os
import select
import threading
from types import TracebackType

_POLL_MILLISECONDS = 50


class WaitingInput:
    """A file object for PyAV; it cannot seek. A context manager."""

    def __init__(self, name: str, *, grows: bool, stopped: threading.Event) -> None:
        """Opens the file or pipe without waiting for data.

        Args:
            name: A file, a named pipe, or "-" for the standard input.
            grows: Whether more is waited for at the end.
            stopped: Ends reading when it is set.

        Raises:
            OSError: It cannot be opened.
        """
        self._is_standard_input = name == "-"
        self._descriptor = 0 if self._is_standard_input else os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        self._grows, self._stopped = grows, stopped
        self._waiting = select.poll()  # select.select fails in a process that has 1024 open files
        self._waiting.register(self._descriptor, select.POLLIN)

    def __enter__(self) -> WaitingInput:
        """The input itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file; the standard input stays open."""
        if not self._is_standard_input:
            os.close(self._descriptor)

    def read(self, size: int) -> bytes:
        """Waits for data.

        Args:
            size: Most bytes to return.

        Returns:
            At least one byte; nothing at the end, or when reading is stopped.
        """
        while not self._stopped.is_set():
            if not self._grows and not self._waiting.poll(_POLL_MILLISECONDS):
                continue
            try:
                data = os.read(self._descriptor, size)
            except BlockingIOError:  # another process took it
                continue
            if data or not self._grows:
                return data
            self._stopped.wait(_POLL_MILLISECONDS / 1000)
        return b""
