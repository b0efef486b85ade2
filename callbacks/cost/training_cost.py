"""TrainingCost: seconds, videos per second and peak memory of each epoch, as logged metrics."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.callbacks.cost.cost_meter import peak_memory
from zsar.datamodules.batch import VideoBatch
from zsar.runtime.device_clock import device_seconds


class TrainingCost(Callback):
    """Logs `cost/epoch_seconds`, `cost/videos_per_second`, `cost/peak_host_mb` and, on a GPU, `cost/peak_device_mb`.

    An epoch's seconds are those of its training batches and what lies between them, without validation. Of a resumed
    epoch only the part that this run trains is measured. With several processes: the slowest and the highest.
    """

    def __init__(self) -> None:
        """Measures nothing yet."""
        self._started_at = 0.0
        self._validation_started_at = 0.0
        self._n_videos = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock, since Lightning does not announce the start of an epoch that is resumed in its middle."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts the clock."""
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)
        self._n_videos = 0
        self._started_at = device_seconds(pl_module.device)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
    ) -> None:
        """Counts videos."""
        self._n_videos += len(batch)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stops the clock."""
        self._validation_started_at = device_seconds(pl_module.device)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restarts the clock."""
        self._started_at += device_seconds(pl_module.device) - self._validation_started_at

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the epoch."""
        seconds = device_seconds(pl_module.device) - self._started_at
        measured = {"epoch_seconds": seconds, **peak_memory(pl_module.device)}
        for name, value in measured.items():
            if value is not None:
                pl_module.log(f"cost/{name}", float(value), on_epoch=True, reduce_fx="max", sync_dist=True)
        rate = self._n_videos / seconds
        pl_module.log("cost/videos_per_second", rate, on_epoch=True, reduce_fx="sum", sync_dist=True)
