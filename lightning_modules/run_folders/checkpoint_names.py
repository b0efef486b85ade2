"""The checkpoints of a run folder by name; no checkpoint is opened."""

from __future__ import annotations

from pathlib import Path

UNTRAINED = "untrained weights"
"""What stands in place of a checkpoint where a model is tested as it was initialized."""

WEIGHT_MEAN = "weight_mean"
"""The name of the checkpoint with the mean over epochs, as of `best` and `last`."""


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints in a folder, by name; empty if the folder does not exist."""
    return sorted(path for path in folder.glob("*.ckpt") if not path.name.startswith("."))
