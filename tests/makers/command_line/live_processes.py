"""Processes that are there, and waiting until they are gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T", bound=Collection[Any])


def wait_for(look: Callable[[], T], count: int, *, seconds: float = 45) -> T:
    """What a function finds, as soon as it finds `count` things; fails after some seconds."""
    deadline = time.monotonic() + seconds
    while len(result := look()) < count:
        assert time.monotonic() < deadline, f"only {len(result)} of {count} within {seconds:g} seconds"
        time.sleep(0.05)
    return result


def is_running(pid: int) -> bool:
    """Whether a process is there; one that ended but was not waited for is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(pids: Collection[int], *, seconds: float = 45) -> None:
    """Waits until processes have ended; fails after some seconds."""
    wait_for(lambda: [pid for pid in pids if not is_running(pid)], len(pids), seconds=seconds)
