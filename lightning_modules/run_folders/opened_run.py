"""Opens a run folder for a command: where it writes, and which checkpoint it uses.

A command that would replace or mix runs is rejected here, before data or weights are read. `--overwrite` removes old
files only once the model is built (`OpenedRun.clear`), so a misspelt command loses no results.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.checkpoint_names import UNTRAINED
from zsar.lightning_modules.run_folders.dry_runs import DRY_RUN_PREFIX, batch_limits
from zsar.lightning_modules.run_folders.requested_checkpoint import (
    CheckpointSummary,
    read_summary,
    requested_checkpoint,
    what_is_left,
)
from zsar.lightning_modules.run_folders.run_folder import (
    check_checkpoint,
    check_results,
    check_training,
    holds_run,
    is_in,
    result_differences,
    result_weights,
    results_in,
)
from zsar.lightning_modules.run_folders.run_lock import is_first_process, locked
from zsar.lightning_modules.run_folders.written_files import remove, written_by_test, written_by_training
from zsar.runtime.terminal import say


class NothingLeft(Exception):
    """The training to resume is already finished."""


@dataclass(frozen=True)
class OpenedRun:
    """A run folder as used by a command.

    Attributes:
        folder: Where the command writes: the run folder, or a temporary one for a dry run in a folder that holds a run.
        checkpoints: Where the command writes checkpoints.
        checkpoint: The checkpoint to use; None for none.
        is_dry: Whether its output is discarded.
        outdated: Files that `--overwrite` removes.
    """

    folder: Path
    checkpoints: Path
    checkpoint: Path | None
    is_dry: bool = False
    outdated: tuple[Path, ...] = ()

    def clear(self) -> None:
        """Removes the files of the old run, once, in the first process."""
        if is_first_process():
            remove(list(self.outdated), self.folder)


def open_run(config: Mapping[str, Any], *, command: str, model: type, until_end: ExitStack) -> OpenedRun:
    """Opens the run folder of a command.

    Args:
        config: The configuration of the command.
        command: "fit", "validate", "test" or "predict".
        model: The class of the model, with `is_trained`.
        until_end: Collects what to undo when the command ends: the lock, and a dry run's folder.

    Returns:
        The opened run.

    Raises:
        NothingLeft: The training to resume is already finished.
        ValueError: Files of another run would be replaced or mixed with this one, or another run is writing there.
        FileNotFoundError: The checkpoint does not exist.
        CheckpointError: The checkpoint cannot be read.
    """
    if config["run_dir"] is None:
        raise ValueError("the run has no name: give --run_dir, a folder for everything that it writes")
    folder = Path(config["run_dir"])
    checkpoints = Path(config["checkpoint"]["dirpath"] or folder / "checkpoints")
    start_from = (config["model"].get("init_args") or {}).get("start_from")
    # The parser may turn a keyword into a path.
    given = None if config["ckpt_path"] is None else str(config["ckpt_path"])
    path = requested_checkpoint(given, command=command, folder=checkpoints, model=model, start_from=start_from)
    summary = None if path is None else read_summary(path)
    if command == "fit" and path is not None and summary is not None:
        trainer = config["trainer"]
        if trainer.get("fast_dev_run"):
            raise ValueError(
                f"--trainer.fast_dev_run trains from the start and cannot resume {path}; leave out --ckpt_path, or try "
                "resuming with --trainer.limit_train_batches 2"
            )
        if not summary.can_be_resumed:
            raise ValueError(
                f"--ckpt_path {path} holds weights alone (a mean of epochs, or a converted file), so no training can "
                "be resumed from it; give last.ckpt"
            )
        finished = what_is_left(summary, path, max_epochs=trainer["max_epochs"], max_steps=trainer["max_steps"])
        if finished:
            raise NothingLeft(finished)
    if holds_run(folder, checkpoints) and _is_dry(config, command, path, summary, checkpoints):
        dry = Path(until_end.enter_context(tempfile.TemporaryDirectory(prefix=DRY_RUN_PREFIX)))
        _say(f"this is a dry run, and {folder} holds a run: its output is discarded")
        run = OpenedRun(dry, dry / "checkpoints", path, is_dry=True)
    else:
        until_end.enter_context(locked(folder))
        outdated = _checked(config, command, model, path, summary, folder, checkpoints)
        run = OpenedRun(folder, checkpoints, path, outdated=tuple(outdated))
    if command != "fit" and model.is_trained:  # type: ignore[attr-defined]
        _say(f"weights: {path or f'{UNTRAINED} (--ckpt_path none)'}")
    return run


def _is_dry(
    config: Mapping[str, Any], command: str, path: Path | None, summary: CheckpointSummary | None, checkpoints: Path
) -> bool:
    """Whether a command uses only a part of the data, without resuming a training of the same limits."""
    limits = batch_limits(config["trainer"], command)
    if command == "fit" and path is not None and summary is not None and is_in(path, checkpoints):
        return bool(limits) and limits != summary.batch_limits
    return bool(limits)


def _checked(
    config: Mapping[str, Any],
    command: str,
    model: type,
    path: Path | None,
    summary: CheckpointSummary | None,
    folder: Path,
    checkpoints: Path,
) -> list[Path]:
    """Checks that nothing would be mixed or replaced; with `--overwrite`, returns the files to remove instead."""
    overwrite = config["overwrite"]
    if command == "fit":
        if overwrite and path is not None and is_in(path, checkpoints):
            raise ValueError(
                f"--overwrite removes {path}, from which --ckpt_path would resume; leave out one of the two"
            )
        outdated = written_by_training(folder) if overwrite else []
        if not overwrite or not is_in(checkpoints / "last.ckpt", folder / "checkpoints"):
            check_training(folder, checkpoints, goes_on_from=path)
        return outdated
    is_trained: bool = model.is_trained  # type: ignore[attr-defined]
    weights = summary.weights_hash if summary is not None else UNTRAINED if is_trained else None
    check_checkpoint(folder, checkpoints, path=path, weights=weights)
    if overwrite:
        return _outdated_results(folder, command, weights, config)
    check_results(folder, command, weights=weights, config=config)
    return []


def _outdated_results(folder: Path, stage: str, weights: str | None, config: Mapping[str, Any]) -> list[Path]:
    """Results of other weights, and results of the same stage with other settings."""
    return [
        path
        for result_stage, result in results_in(folder).items()
        if result_weights(result) != weights or (result_stage == stage and result_differences(result, config))
        for path in written_by_test(folder, result_stage)
    ]


def _say(line: str) -> None:
    if is_first_process():
        say(line)
