"""Which checkpoint a command uses, and what a checkpoint says before a model is built.

The setting `ckpt_path` is a file, "best" or "last" of the run folder, or "none", by which untrained weights are meant.
Without it a test takes the run's best checkpoint, else its last, and a training begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.weights_hash import trained_weights_hash
from zsar.lightning_modules.tensor_files.checkpoint_files import read_checkpoint

UNTRAINED = "untrained weights"
_KEYWORDS = ("best", "last")


@dataclass(frozen=True)
class CheckpointSummary:
    """What a checkpoint says of itself.

    Attributes:
        weights_hash: Of the trained tensors (`trained_weights_hash`).
        n_epochs: Epochs that are done.
        n_steps: Optimizer steps that are done.
        batch_limits: The limits on batches that its training had (`batch_limits`).
        validation_is_due: Whether it was written before a validation, which may have chosen the best checkpoint.
    """

    weights_hash: str
    n_epochs: int
    n_steps: int
    batch_limits: dict[str, int | float]
    validation_is_due: bool = False


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints in a folder, by name; none where it is not there."""
    return sorted(path for path in folder.glob("*.ckpt") if not path.name.startswith("."))


def requested_checkpoint(
    given: str | None, *, command: str, folder: Path, model: type, start_from: str | None
) -> Path | None:
    """The checkpoint that a command uses.

    Args:
        given: The setting `ckpt_path`.
        command: "fit", "validate", "test" or "predict".
        folder: Where the run's own checkpoints are.
        model: The class of the model, with `is_trained`.
        start_from: The checkpoint that its training starts from, which no test reads; None for none.

    Returns:
        A file that is there; None to train anew, or to use weights as they are built.

    Raises:
        ValueError: A trained model without a checkpoint, or a checkpoint for a model that has none.
        FileNotFoundError: There is no such file.
    """
    if given == "none" or (given is None and command == "fit"):
        return None
    is_trained: bool = model.is_trained  # type: ignore[attr-defined]
    if given is not None:
        if not is_trained:
            raise ValueError(
                f"--ckpt_path {given}: nothing of {model.__name__} is trained, so that it has no checkpoints; leave it "
                "out, and choose weights of the CLIP model by --model.backbone.weights"
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
        f"this --run_dir), or give --ckpt_path FILE of the training that is to be used (an experiment's head names "
        f"it){start}, or --ckpt_path none if untrained weights are meant"
    )


def _without_keywords(folder: Path) -> str:
    return (
        f"neither best.ckpt nor last.ckpt, but {_listed(there)}" if (there := checkpoints_in(folder)) else _listed(())
    )


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
    """What a checkpoint says of itself; its tensors are not kept in memory.

    Raises:
        CheckpointError: It cannot be read, or is none of zsar's.
    """
    content = read_checkpoint(path, in_memory=False)
    about = content["zsar"]
    return CheckpointSummary(
        weights_hash=about.get("weights_hash") or trained_weights_hash(content["state_dict"]),
        n_epochs=_n_epochs(content),
        n_steps=int(content.get("global_step", 0)),
        batch_limits=dict(about.get("batch_limits") or {}),
        validation_is_due=any(bool(state.get("validation_is_due")) for state in content.get("callbacks", {}).values()),
    )


def _n_epochs(content: dict[str, Any]) -> int:
    """Epochs of which all batches have been seen; "epoch" counts from 0 the one in which it was saved."""
    if "loops" not in content:  # converted, not trained here
        return 0
    batches = content["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    return int(content["epoch"]) + bool(batches["is_last_batch"] and batches["current"]["completed"])


def what_is_left(summary: CheckpointSummary, path: Path, *, max_epochs: int | None, max_steps: int) -> str | None:
    """Says that a training is finished.

    Args:
        summary: Of the checkpoint that it would go on from.
        path: Where that is.
        max_epochs: The setting of the trainer; None or -1 for no end.
        max_steps: The same, -1 for no end.

    Returns:
        A sentence; None where there is something left to train.
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
                f"nothing is left to train: {path} has {done} {units}, and --trainer.{setting} is {end}; raise it "
                "to go on"
            )
    return None
