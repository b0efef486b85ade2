"""The seed of a run, which the command line states and Lightning keeps in the environment, for all processes of a run.

Only the hooks that Lightning calls ask for it here, as it hands them no seed; what they call takes it as an argument.
"""

from __future__ import annotations

import os


def run_seed() -> int:
    """The seed of the run as `seed_everything` set it; 0 where it was not called."""
    return stated_seed() or 0


def stated_seed() -> int | None:
    """The seed of the run, for its record; None where `seed_everything` was not called."""
    seed = os.environ.get("PL_GLOBAL_SEED")
    return None if seed is None else int(seed)
