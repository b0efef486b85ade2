"""`last.ckpt` and `best.ckpt` of a run.

`last.ckpt` is the most recent state: it is written before each validation, so that a failing validation loses nothing,
after each epoch, at the end of training, and when the run is told to stop. (Lightning's `save_last` writes it only
together with a best one.) `best.ckpt` is the best validated checkpoint.

A run resumed from any of them ends with the weights of an uninterrupted run. Lightning 2.6 resumes three
kinds wrongly, which is corrected here:

- written before a validation: the validation would be skipped, and with it the chance to be the best;
- written when `max_steps` or `max_time` ended an epoch early: the rest of the epoch would be skipped;
- written after an epoch of a run with `max_steps`: it would be counted twice, and the order of videos would change.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor


class RunCheckpoints(ModelCheckpoint):
    """Lightning's ModelCheckpoint, with its options, except that `last.ckpt` is always the most recent state.

    Attributes:
        wrote_last: Whether this run has written `last.ckpt`.
    """

    wrote_last = False
    _is_before_validation = False
    _validation_is_due = False
    _written_at_step = 0
    _interval_began_seconds = 0.0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Rejects two of Lightning's options that would leave no complete, resumable file.

        Raises:
            ValueError: `save_last` is "link", or `save_on_exception` is set.
        """
        if self.save_last == "link":
            raise ValueError("checkpoint.save_last is link, but last.ckpt is always a separate file; use true or false")
        if self.save_on_exception:
            raise ValueError(
                "checkpoint.save_on_exception is true, but a model that failed during a step is not a "
                "checkpoint to resume from; leave it out: last.ckpt of the last validation or epoch stays, and "
                "--checkpoint.every_n_train_steps N writes it more often"
            )
        super().setup(trainer, pl_module, stage)

    @property
    def state_key(self) -> str:
        """The name of the state in a checkpoint: Lightning's, as in runs older than this class."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    # --- when last.ckpt is written --------------------------------------------------------------------------------

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the last checkpoint: validation may fail, or be killed."""
        if self._may_save(trainer):
            self._is_before_validation = True
            try:
                self._write_last(trainer)
            finally:
                self._is_before_validation = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the best checkpoint, if it is due, and the last one with its score."""
        super().on_validation_end(trainer, pl_module)
        if self._may_save(trainer) and not self._should_save_on_train_epoch_end(trainer):
            self._write_last(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the best checkpoint, if it is due, and the last one."""
        super().on_train_epoch_end(trainer, pl_module)
        if self._may_save(trainer):
            self._write_last(trainer)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Corrects where Lightning would resume."""
        super().on_train_start(trainer, pl_module)
        self._interval_began_seconds = time.monotonic()
        loop: Any = trainer.fit_loop
        if loop.epoch_progress.current.ready == loop.epoch_progress.current.completed:
            loop.epoch_loop.restarting = False  # between two epochs nothing is left to do
        elif self._validation_is_due:
            loop.epoch_loop.val_loop._restart_stage = "restarted_mid_evaluation"  # which is restarted
        self._validation_is_due = False

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Writes checkpoints at the requested intervals of steps or time, the last one always."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        if self._may_save(trainer) and self._is_due(trainer):
            self._write_last(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Writes the last checkpoint if the run was told to stop, as Lightning stops between two batches."""
        if isinstance(exception, SIGTERMException) and self._may_save(trainer):
            self._write_last(trainer)

    def _is_due(self, trainer: Trainer) -> bool:
        every, interval = self._every_n_train_steps, self._train_time_interval
        if every >= 1 and trainer.global_step % every == 0 and trainer.global_step != self._written_at_step:
            return True
        if interval is None:
            return False
        passed = time.monotonic() - self._interval_began_seconds >= interval.total_seconds()
        passed = bool(trainer.strategy.broadcast(passed))
        if passed:
            self._interval_began_seconds = time.monotonic()
        return passed

    def _may_save(self, trainer: Trainer) -> bool:
        is_fitting = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        return bool(self.save_last) and is_fitting and not getattr(trainer, "fast_dev_run", False)

    def _write_last(self, trainer: Trainer) -> None:
        path = self.format_checkpoint_name(self._monitor_candidates(trainer), self.CHECKPOINT_NAME_LAST)
        self.last_model_path = path
        trainer.save_checkpoint(path, self.save_weights_only)
        self.wrote_last, self._written_at_step = True, trainer.global_step

    def _save_last_checkpoint(self, trainer: Trainer, monitor_candidates: dict[str, Tensor]) -> None:
        """Does nothing: Lightning calls this after writing a best one; the last one is written above."""

    # --- the position to resume from ------------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Closes a complete epoch, and reopens one that was ended early.

        At its end, Lightning counts an epoch as processed but not as completed, whether or not all of its batches were
        trained on.
        """
        if trainer.state.fn != TrainerFn.FITTING:
            return
        loop = checkpoint["loops"]["fit_loop"]
        epochs, batches = loop["epoch_progress"], loop["epoch_loop.batch_progress"]
        if epochs["current"]["processed"] == epochs["current"]["completed"]:
            return
        is_whole = batches["is_last_batch"] or batches["current"]["ready"] >= trainer.num_training_batches
        for counts in (epochs["total"], epochs["current"]):
            if is_whole:
                counts["completed"] = counts["processed"]
            else:
                counts["processed"] = counts["completed"]

    def state_dict(self) -> dict[str, Any]:
        """Lightning's state of best and last, and whether a validation was about to start."""
        return {**super().state_dict(), "validation_is_due": self._is_before_validation}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores the state of a checkpoint, even if the run's folder has been moved."""
        super().load_state_dict(self._as_moved(state_dict))
        self._validation_is_due = bool(state_dict.get("validation_is_due", False))

    def _as_moved(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state with the current folder in its paths, if the best checkpoints are there.

        With the old folder's name Lightning would drop the best score and replace the best checkpoint with the next.
        """
        best = state.get("best_k_models", {})
        if self.dirpath is None or state["dirpath"] == self.dirpath:
            return state
        here = {path: str(Path(self.dirpath) / Path(path).name) for path in best}
        if not here or not all(Path(path).is_file() for path in here.values()):
            return state
        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        moved = {key: here.get(state[key], state[key]) for key in paths}
        return {**state, **moved, "dirpath": self.dirpath, "best_k_models": {here[p]: s for p, s in best.items()}}
