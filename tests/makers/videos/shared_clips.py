"""Where the real clips of the workplace lie, which tests use where they are there."""

from pathlib import Path

SHARED_CLIPS = Path(__file__).parents[4] / "shared" / "clips"
