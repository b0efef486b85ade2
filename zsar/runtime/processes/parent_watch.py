"""Worker processes that end with the process that started them, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Ends this process as soon as its parent is gone, even by `kill -9`; a worker calls this when it starts.

    A worker is not notified when its parent is killed: it would continue or wait forever, and keep memory and devices.

    Raises:
        RuntimeError: This process was not started by `multiprocessing`, so it has no parent to watch.
    """
    if multiprocessing.parent_process() is None:
        raise RuntimeError("only a process that multiprocessing started can end with its parent; call it in a worker")
    threading.Thread(target=_wait_and_end, daemon=True, name="parent-watch").start()


def _wait_and_end() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)  # the main thread may be inside a decoder and cannot be interrupted
