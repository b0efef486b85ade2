"""The seed of a run, which Lightning keeps in the environment for all processes of the run.

Only hooks called by Lightning read it here, since Lightning passes them no seed; other code takes it as an argument.
"""

from __future__ import annotations

import os


def run_seed() -> int:
    """The seed of the run as set by `seed_everything`; 0 if that was not called."""
    return stated_seed() or 0


def stated_seed() -> int | None:
    """The seed of the run, for its record; None if `seed_everything` was not called."""
    seed = os.environ.get("PL_GLOBAL_SEED")
    return None if seed is None else int(seed)
