"""Dry runs: commands that see a part of the data only, to try whether they run.

A dry run writes nothing into a folder that holds a run. A training that goes on from a checkpoint whose own training
had the same limits is no dry run: this is how that run is.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

DRY_RUN_PREFIX = "zsar-dry-run-"
"""Of the names of folders for what dry runs write, which are removed when they end."""

LIMITS = {
    "fit": ("limit_train_batches", "limit_val_batches"),
    "validate": ("limit_val_batches",),
    "test": ("limit_test_batches",),
    "predict": ("limit_predict_batches",),
}
"""The limits of the data that a command reads, by command."""


def batch_limits(trainer: Mapping[str, Any], command: str) -> dict[str, int | float]:
    """The settings by which a command sees a part of its data; none in a full run.

    Args:
        trainer: Arguments of the Trainer, by name.
        command: "fit", "validate", "test" or "predict". Limits of data that it does not read say nothing.

    Returns:
        Which of `fast_dev_run`, `overfit_batches` and `limit_*_batches` are set, and to what.
    """
    limits: dict[str, int | float] = {name: value for name in ("fast_dev_run",) if (value := trainer.get(name))}
    if command in ("fit", "validate") and trainer.get("overfit_batches"):
        return {**limits, "overfit_batches": trainer["overfit_batches"]}  # it sets the limits of both
    return limits | {name: trainer[name] for name in LIMITS[command] if _is_limit(trainer.get(name))}


def is_thrown_away(path: Path) -> bool:
    """Whether a file lies in the folder of a dry run, which is removed when that ends."""
    return any(part.startswith(DRY_RUN_PREFIX) for part in path.parts)


def _is_limit(value: int | float | None) -> bool:
    """Whether it leaves something out: 1 is one batch, 1.0 is all."""
    return value is not None and (isinstance(value, int) or value != 1.0)
