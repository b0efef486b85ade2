"""What forms a row of the tables of `zsar summarize`, by name; `run_groups` groups the runs."""

from __future__ import annotations

from typing import Literal

GroupBy = Literal["folder", "settings"]
"""folder: NAME/seed0, NAME/fold1, ... form the row NAME; settings: all runs that differ only in seed and fold."""
