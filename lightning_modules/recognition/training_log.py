"""TrainingLog: what a recognizer logs for each training batch."""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from zsar.datamodules.batch import VideoBatch
from zsar.lightning_modules.training.finite_numbers import check_loss
from zsar.lightning_modules.training.whole_batch import mean_over_processes


class TrainingLog:
    """Logs losses and clips that could not be decoded; warns once for each such clip."""

    def __init__(self) -> None:
        """Starts with no clip reported."""
        self._substituted: set[str] = set()
        self._told_of_damage = False

    def log_losses(self, model: LightningModule, values: dict[str, Tensor], n_videos: int) -> None:
        """Logs `train/NAME`, the mean of each epoch, and `train/NAME_step` every `log_every_n_steps`.

        Values are averaged over the whole batch in one exchange between processes.

        Args:
            model: The model in training.
            values: Scalars of this process by name, "loss" among them.
            n_videos: B.

        Raises:
            NotFiniteError: The loss is not finite in some process; raised in all of them.
        """
        means = dict(zip(values, mean_over_processes(torch.stack(list(values.values()))), strict=True))
        position = {"step": model.global_step, "epoch": model.current_epoch}
        check_loss(bool(means["loss"].isfinite()), **position, precision=str(model.trainer.precision))
        for name, mean in means.items():
            model.log(f"train/{name}", mean, on_step=False, on_epoch=True, sync_dist=True, batch_size=n_videos)
            model.log(f"train/{name}_step", mean, prog_bar=name in ("loss", "top1"), batch_size=n_videos)

    def log_substitutes(self, model: LightningModule, batch: VideoBatch) -> None:
        """Logs the sums of each epoch `train/substituted_videos` and `train/damaged_frames`, and warns of new clips.

        Args:
            model: The model in training.
            batch: A training batch.
        """
        sums = {"substituted_videos": len(batch.undecodable), "damaged_frames": batch.n_damaged}
        for name, value in sums.items():
            model.log(
                f"train/{name}",
                float(value),
                on_step=False,
                on_epoch=True,
                reduce_fx="sum",
                sync_dist=True,
                batch_size=len(batch),
            )
        if batch.n_damaged and not self._told_of_damage:
            rank_zero_warn(
                "damaged frames are accepted in training, as set by on_damage; train/damaged_frames counts them"
            )
            self._told_of_damage = True
        for message in set(batch.undecodable) - self._substituted:
            rank_zero_warn(f"replaced by another clip in training: {message}")
            self._substituted.add(message)
