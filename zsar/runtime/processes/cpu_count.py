"""The number of processors available to worker processes."""

from __future__ import annotations

import os


def cpu_count() -> int:
    """Number of processors that this process may use; in a container or batch job fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
