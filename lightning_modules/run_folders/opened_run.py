"""A run folder, opened by a command: what it writes where, and with which checkpoint.

What would replace or mix runs is refused here, before data or weights are read. What `--overwrite` gives up is removed
once the model is built (`OpenedRun.clear`), so that a misspelt command costs no results.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsar.lightning_modules.run_folders.dry_runs import DRY_RUN_PREFIX, batch_limits
from zsar.lightning_modules.run_folders.requested_checkpoint import (
    UNTRAINED,
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
    remove,
    result_differences,
    result_weights,
    results_in,
    written_by_test,
    written_by_training,
)
from zsar.lightning_modules.run_folders.run_lock import is_first_process, locked
from zsar.runtime.terminal import say


class NothingLeft(Exception):
    """A training that is to go on is finished; the message says so."""


@dataclass(frozen=True)
class OpenedRun:
    """What a command may do in its run folder.

    Attributes:
        folder: Where it writes: the run folder, or a temporary one for a dry run in a folder that holds a run.
        checkpoints: Where it writes checkpoints.
        checkpoint: The checkpoint that it uses; None for none.
        is_dry: Whether what it writes is thrown away.
        outdated: What `--overwrite` removes.
    """

    folder: Path
    checkpoints: Path
    checkpoint: Path | None
    is_dry: bool = False
    outdated: tuple[Path, ...] = ()

    def clear(self) -> None:
        """Removes what belongs to the old run, once; the first process does."""
        if is_first_process():
            remove(list(self.outdated), self.folder)


def open_run(config: Mapping[str, Any], *, command: str, model: type, until_end: ExitStack) -> OpenedRun:
    """Opens the run folder of a command.

    Args:
        config: The configuration of the command.
        command: "fit", "validate", "test" or "predict".
        model: The class of the model, with `is_trained`.
        until_end: What is to be undone when the command ends: the lock, and a dry run's folder.

    Returns:
        What it may do there.

    Raises:
        NothingLeft: A training that is to go on is finished.
        ValueError: Something of another run would be replaced or mixed with this one, or another run is writing there.
        FileNotFoundError: There is no such checkpoint.
        CheckpointError: It cannot be read.
    """
    if config["run_dir"] is None:
        raise ValueError("the run has no name: give --run_dir, a folder for everything that it writes")
    folder = Path(config["run_dir"])
    checkpoints = Path(config["checkpoint"]["dirpath"] or folder / "checkpoints")
    start_from = (config["model"].get("init_args") or {}).get("start_from")
    given = None if config["ckpt_path"] is None else str(config["ckpt_path"])  # the parser may make a path of a keyword
    path = requested_checkpoint(given, command=command, folder=checkpoints, model=model, start_from=start_from)
    summary = None if path is None else read_summary(path)
    if command == "fit" and path is not None and summary is not None:
        trainer = config["trainer"]
        if trainer.get("fast_dev_run"):
            raise ValueError(
                f"--trainer.fast_dev_run trains from the start, and not on from {path}; leave out --ckpt_path, or try "
                "to go on by --trainer.limit_train_batches 2"
            )
        finished = what_is_left(summary, path, max_epochs=trainer["max_epochs"], max_steps=trainer["max_steps"])
        if finished:
            raise NothingLeft(finished)
    if holds_run(folder, checkpoints) and _is_dry(config, command, path, summary, checkpoints):
        dry = Path(until_end.enter_context(tempfile.TemporaryDirectory(prefix=DRY_RUN_PREFIX)))
        _say(f"a dry run, and {folder} holds a run: nothing that is written now is kept")
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
    """Whether it sees a part of the data only, and does not go on with a training of the same limits."""
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
    """Refuses what would be mixed or replaced; with `--overwrite`, returns what is to be removed instead."""
    overwrite = config["overwrite"]
    if command == "fit":
        if overwrite and path is not None and is_in(path, checkpoints):
            raise ValueError(
                f"--overwrite removes {path}, from which --ckpt_path would go on; leave out one of the two"
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
    """What of other weights there is, and of the same stage with other settings."""
    return [
        path
        for there, result in results_in(folder).items()
        if result_weights(result) != weights or (there == stage and result_differences(result, config))
        for path in written_by_test(folder, there)
    ]


def _say(line: str) -> None:
    if is_first_process():
        say(line)
