"""Worker processes that end with the process that started them, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Has this process end as soon as its parent is gone, even of `kill -9`; called by a worker when it begins.

    A worker is not told that its parent was killed: it would work on, or wait for ever, and hold memory and devices.

    Raises:
        RuntimeError: This process was not started by `multiprocessing`, and has no parent to watch.
    """
    if multiprocessing.parent_process() is None:
        raise RuntimeError("only a process that multiprocessing started can end with its parent; call it in a worker")
    threading.Thread(target=_wait_and_end, daemon=True, name="parent-watch").start()


def _wait_and_end() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # the main thread may be within a decoder, and cannot be told
