"""How many processors there are for the worker processes of a command."""

from __future__ import annotations

import os


def cpu_count() -> int:
    """How many this process may use, which in a container or a batch job are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
