"""Dry runs: commands that use only a part of the data, as a trial.

A dry run writes nothing into a folder that holds a run. A training resumed from a checkpoint whose training had the
same limits is not a dry run: the limits are part of that run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

DRY_RUN_PREFIX = "zsar-dry-run-"
"""Prefix of the folders for the output of dry runs, removed at their end."""

LIMITS = {
    "fit": ("limit_train_batches", "limit_val_batches"),
    "validate": ("limit_val_batches",),
    "test": ("limit_test_batches",),
    "predict": ("limit_predict_batches",),
}
"""The limits of the data that a command reads, by command."""


def batch_limits(trainer: Mapping[str, Any], command: str) -> dict[str, int | float]:
    """The settings that limit a command to a part of its data; none in a full run.

    Args:
        trainer: Arguments of the Trainer, by name.
        command: "fit", "validate", "test" or "predict". Limits of data that it does not read are ignored.

    Returns:
        The values of those of `fast_dev_run`, `overfit_batches` and `limit_*_batches` that are set.
    """
    limits: dict[str, int | float] = {name: value for name in ("fast_dev_run",) if (value := trainer.get(name))}
    if command in ("fit", "validate") and trainer.get("overfit_batches"):
        return {**limits, "overfit_batches": trainer["overfit_batches"]}  # it limits both
    return limits | {name: trainer[name] for name in LIMITS[command] if _is_limit(trainer.get(name))}


def is_thrown_away(path: Path) -> bool:
    """Whether a file is in the folder of a dry run, which is removed at its end."""
    return any(part.startswith(DRY_RUN_PREFIX) for part in path.parts)


def _is_limit(value: int | float | None) -> bool:
    """Whether a limit leaves out data: 1 is one batch, 1.0 is all."""
    return value is not None and (isinstance(value, int) or value != 1.0)
