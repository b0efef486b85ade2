"""The summary at the end of `zsar fit`: the checkpoints, the score of the best one, and the next command.

Tests take the first of the checkpoints that are named: the mean of epochs, the best, the last.
"""

from __future__ import annotations

from pathlib import Path

from lightning.pytorch.callbacks import ModelCheckpoint

from zsar.lightning_modules.run_folders.checkpoint_names import WEIGHT_MEAN
from zsar.lightning_modules.tensor_files.checkpoint_files import read_checkpoint


def end_of_fit(checkpoint: ModelCheckpoint, next_command: str) -> str:
    """Summarizes the checkpoints after training.

    Args:
        checkpoint: The callback that wrote the checkpoints.
        next_command: The command that tests them.

    Returns:
        A line each for the mean of epochs, if there is one, for the best checkpoint, if one was chosen, for the last
        one and for the command; empty if none was written, as in a dry run.
    """
    best, last = _existing(checkpoint.best_model_path), _existing(checkpoint.last_model_path)
    lines = []
    mean = None if checkpoint.dirpath is None else _existing(f"{checkpoint.dirpath}/{WEIGHT_MEAN}.ckpt")
    if mean is not None:
        lines.append(f"mean of weights: {mean} ({_epochs_of(mean)})")
    if checkpoint.monitor is not None and best is not None:
        score = checkpoint.best_model_score
        value = "" if score is None else f" {float(score):.4g}"
        lines.append(f"best checkpoint: {best} ({checkpoint.monitor}{value}, {_when(best)})")
    elif last is None:
        last = best
    if last is not None:
        lines.append(f"last checkpoint: {last} ({_when(last)})")
    return "\n".join([*lines, f"next: {next_command}"] if lines else [])


def _existing(path: str) -> Path | None:
    return Path(path) if path and Path(path).is_file() else None


def _epochs_of(mean: Path) -> str:
    """The epochs in a mean: "epochs 2 to 22, uniform"."""
    record = read_checkpoint(mean, in_memory=False)["zsar"]["training"]["mean_of_epochs"]
    return f"epochs {record['first_epoch']} to {record['last_epoch']}, {record['weighting']}"


def _when(path: Path) -> str:
    """The progress recorded in a checkpoint: "after 3 of 50 epochs"."""
    trainer = read_checkpoint(path, in_memory=False)["zsar"]["training"]["trainer"]
    most = trainer["max_epochs"]
    known = f" of {most}" if most and most > 0 else ""
    unit = "epoch" if (most if known else trainer["epochs_done"]) == 1 else "epochs"
    return f"after {trainer['epochs_done']:g}{known} {unit}"
