"""Finds the checkpoint of a command, and summarizes a checkpoint before a model is built.

The setting `ckpt_path` is a file, "weight_mean", "best" or "last" of the run folder, "none" for untrained weights, or
"resume": a training resumes from the last checkpoint of its run folder if there is one. Without the setting a test uses
the run's mean of epochs, if it was to have one (`WeightMean`), else its best checkpoint, else its last; training starts
from scratch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.checkpoint_names import WEIGHT_MEAN, checkpoints_in
from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash
from zsar.lightning_modules.tensor_files.checkpoint_files import read_checkpoint

_KEYWORDS = (WEIGHT_MEAN, "best", "last")
_RESUME = "resume"


@dataclass(frozen=True)
class CheckpointSummary:
    """The summary of a checkpoint.

    Attributes:
        weights_hash: Hash of the trained tensors (`trained_weights_hash`).
        n_epochs: Completed epochs.
        n_steps: Completed optimizer steps.
        batch_limits: The batch limits of its training (`batch_limits`).
        validation_is_due: Whether it was written just before a validation that may have chosen the best checkpoint.
        can_be_resumed: Whether it has the state of a training besides the weights.
    """

    weights_hash: str
    n_epochs: int
    n_steps: int
    batch_limits: dict[str, int | float]
    validation_is_due: bool = False
    can_be_resumed: bool = True


def requested_checkpoint(
    given: str | None, *, command: str, folder: Path, model: type, start_from: str | None
) -> Path | None:
    """Finds the checkpoint that a command uses.

    Args:
        given: The setting `ckpt_path`.
        command: "fit", "validate", "test" or "predict".
        folder: Folder of the run's checkpoints.
        model: The class of the model, with `is_trained`.
        start_from: The checkpoint from which its training starts; tests do not read it; None for none.

    Returns:
        An existing file; None to train from scratch, or to use the initial weights.

    Raises:
        ValueError: A trained model has no checkpoint, a checkpoint is given for a model without trained weights, or a
            command other than "fit" is to be resumed.
        FileNotFoundError: The file does not exist.
    """
    if given == _RESUME:
        return _resumed(command, folder)
    if given == "none" or (given is None and command == "fit"):
        return None
    is_trained: bool = model.is_trained  # type: ignore[attr-defined]
    if given is not None:
        if not is_trained:
            raise ValueError(
                f"--ckpt_path {given}: {model.__name__} is not trained, so it has no checkpoints; leave it "
                "out, and choose weights of the CLIP model with --model.backbone.weights"
            )
        return _existing(folder / f"{given}.ckpt" if given in _KEYWORDS else Path(given))
    if not is_trained:
        return None
    for keyword in _KEYWORDS:
        if (folder / f"{keyword}.ckpt").is_file():
            return folder / f"{keyword}.ckpt"
    start = "" if start_from is None else f", or what its training starts from: --ckpt_path {start_from}"
    raise ValueError(
        f"{model.__name__} is trained, but {folder} holds {_without_keywords(folder)}: train it first (`zsar fit` with "
        f"this --run_dir), or give --ckpt_path FILE of another training (an experiment's head names it){start}, or "
        "--ckpt_path none for untrained weights"
    )


def _resumed(command: str, folder: Path) -> Path | None:
    """The last checkpoint of a training; None if there is none yet."""
    if command != "fit":
        raise ValueError(
            f"--ckpt_path {_RESUME} resumes a training, but this is `zsar {command}`; leave it out, or give best, last "
            "or a file"
        )
    last = folder / "last.ckpt"
    return last if last.is_file() else None


def _without_keywords(folder: Path) -> str:
    checkpoints = checkpoints_in(folder)
    return f"neither best.ckpt nor last.ckpt, but {_listed(checkpoints)}" if checkpoints else _listed(())


def _existing(path: Path) -> Path:
    if path.is_dir():
        raise ValueError(f"--ckpt_path {path} is a folder, which holds {_listed(checkpoints_in(path))}; give a file")
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no checkpoint {path}; {path.parent} holds {_listed(checkpoints_in(path.parent))}"
        )
    return path


def _listed(checkpoints: Sequence[Path]) -> str:
    return ", ".join(path.name for path in checkpoints) or "no checkpoint"


def read_summary(path: Path) -> CheckpointSummary:
    """Summarizes a checkpoint, without keeping its tensors in memory.

    Raises:
        CheckpointError: The file cannot be read, or is not a zsar checkpoint.
    """
    content = read_checkpoint(path, in_memory=False)
    about = content["zsar"]
    return CheckpointSummary(
        weights_hash=about.get("weights_hash") or trained_weights_hash(content["state_dict"]),
        n_epochs=_n_epochs(content),
        n_steps=int(content.get("global_step", 0)),
        batch_limits=dict(about.get("batch_limits") or {}),
        validation_is_due=any(bool(state.get("validation_is_due")) for state in content.get("callbacks", {}).values()),
        can_be_resumed="optimizer_states" in content,
    )


def _n_epochs(content: dict[str, Any]) -> int:
    """Completed epochs; "epoch" is the 0-based one in which the checkpoint was saved."""
    if "loops" not in content:  # converted, not trained by zsar
        return 0
    batches = content["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    return int(content["epoch"]) + bool(batches["is_last_batch"] and batches["current"]["completed"])


def what_is_left(summary: CheckpointSummary, path: Path, *, max_epochs: int | None, max_steps: int) -> str | None:
    """Reports that a training is finished.

    Args:
        summary: Summary of the checkpoint to resume from.
        path: Path of the checkpoint.
        max_epochs: The trainer's setting; None or -1 for no limit.
        max_steps: The trainer's setting; -1 for no limit.

    Returns:
        A sentence; None if training is not finished.
    """
    if summary.validation_is_due:
        return None
    ends = (
        ("max_epochs", "epoch", summary.n_epochs, max_epochs),
        ("max_steps", "step", summary.n_steps, max_steps),
    )
    for setting, unit, done, end in ends:
        if end is not None and 0 <= end <= done:
            units = unit if done == 1 else f"{unit}s"
            return (
                f"nothing is left to train: {path} has {done} {units}, and --trainer.{setting} is {end}; raise it to "
                "continue"
            )
    return None
