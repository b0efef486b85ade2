"""A callback that kills its own process, as a power cut would."""

from __future__ import annotations

import os
import signal

from lightning.pytorch import Callback, LightningModule, Trainer

from datamodules.batch import VideoBatch


class KillBeforeStep(Callback):
    """Sends SIGKILL to the process when a step begins."""

    def __init__(self, step: int) -> None:
        """Makes the callback; `step` counts optimizer steps from 0."""
        self._step = step

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: VideoBatch, batch_idx: int
    ) -> None:
        """Kills."""
        if trainer.global_step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)
