"""WeightMean: the mean of the trained weights over epochs, `checkpoints/weight_mean.ckpt`.

Open-VCLIP averages the weights after epochs 2 to 22 (`from_epoch: 2, to_epoch: 22`); TACO those of CLIP and of all
epochs (`from_epoch: 0`); Open-MeDe weighs epochs by a Gaussian. No score chooses an epoch. The training itself is
unchanged: `last.ckpt` and `best.ckpt` hold the weights of single epochs, and validation is of these.

Lightning's WeightAveraging cannot be told this. It averages the whole module, frozen towers and all, in the module's
precision; it cannot begin with the weights before training; and it puts the mean in place of the weights: in every
checkpoint, in each validation (by which the best epoch is chosen), and at the end. Its StochasticWeightAveraging sets
learning rates of its own, and its EMA weighs steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.checkpoint_names import WEIGHT_MEAN
from zsar.lightning_modules.training.mean_of_epochs import MeanOfEpochs, RunningMean, gaussian_log_weight
from zsar.runtime.choices import check_choice
from zsar.runtime.terminal import say

Weighting = Literal["uniform", "gaussian"]


class WeightMean(Callback):
    """Averages the trained weights over epochs; the mean is a checkpoint of its own, which tests take first."""

    def __init__(
        self,
        weighting: Weighting = "uniform",
        from_epoch: int = 1,
        to_epoch: int | None = None,
        mu: float | None = None,
        sigma: float | None = None,
    ) -> None:
        """Starts without a mean.

        Args:
            weighting: Whether all epochs count the same, or epoch t by exp(-(t - mu)^2 / (2 sigma^2)).
            from_epoch: The first epoch in the mean: 1 for the weights after the first epoch, 0 for those with which
                training starts, which are CLIP's for fine-tuned CLIP (of `start_from`, that checkpoint's).
            to_epoch: The last epoch in the mean; null for the last one of the training.
            mu: Of "gaussian": the epoch that counts most.
            sigma: Of "gaussian": after how many epochs the weight has fallen to 0.61.

        Raises:
            ValueError: A value is out of range, missing, or not used.
        """
        check_choice(Weighting, weighting=weighting)
        if from_epoch < 0 or (to_epoch is not None and to_epoch < max(from_epoch, 1)):
            raise ValueError(
                f"WeightMean averages from epoch {from_epoch} to {to_epoch}, but counts from 0, the weights before "
                "training, upwards; give from_epoch 0 or more, and to_epoch 1 or more and not below it"
            )
        _check_gaussian(weighting, mu, sigma)
        self.weighting, self.mu, self.sigma = weighting, mu, sigma
        self.from_epoch, self.to_epoch = from_epoch, to_epoch
        self._mean = RunningMean()
        self._resumed: dict[str, Any] | None = None  # how the mean of the resumed checkpoint was weighted

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Checks that a training comes to an epoch of the mean.

        Raises:
            TypeError: The model is not a recognizer.
            ValueError: The training ends before the first epoch of the mean, or checkpoints are switched off.
        """
        if stage != "fit" or getattr(trainer, "fast_dev_run", False):
            return
        if not isinstance(pl_module, ActionRecognizer):
            raise TypeError(f"WeightMean averages the weights of an ActionRecognizer, not a {type(pl_module).__name__}")
        most = trainer.max_epochs
        if most is not None and 0 <= most < self.from_epoch:
            raise ValueError(
                f"WeightMean averages from epoch {self.from_epoch} on, but the training has {most} "
                "(--trainer.max_epochs); give a lower from_epoch or more epochs"
            )
        if not isinstance(trainer.checkpoint_callback, ModelCheckpoint):
            raise ValueError(
                f"WeightMean writes {WEIGHT_MEAN}.ckpt, but --trainer.enable_checkpointing is false; leave one out"
            )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the weights with which training starts, if they are in the mean.

        Raises:
            ValueError: A training is resumed that had no such mean, or another one.
        """
        if trainer.global_step == 0:
            self._take(0, trainer, pl_module)
            return
        due = [epoch for epoch in range(trainer.current_epoch + 1) if self._is_in(epoch)]
        if self._mean.epochs != due or (due and self._resumed != self._manner):
            raise ValueError(
                f"{trainer.ckpt_path} has {_in_words(self._mean.epochs, self._resumed)}, but this WeightMean needs "
                f"{_in_words(due, self._manner)}; resume with the WeightMean with which the training began, or train "
                "again"
            )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes the weights after a whole epoch; one that `max_steps` or `max_time` has cut short does not count."""
        batches = trainer.fit_loop.epoch_loop.batch_progress
        if batches.is_last_batch or batches.current.ready >= trainer.num_training_batches:
            self._take(trainer.current_epoch + 1, trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Says so if no epoch was whole: then tests take another checkpoint."""
        if trainer.is_global_zero and not any(self._mean.epochs):  # epoch 0 is before training
            say(
                f"WeightMean: no {WEIGHT_MEAN}.ckpt, as training ended before the end of epoch "
                f"{max(self.from_epoch, 1)}, the first in the mean; tests take the best or last checkpoint"
            )

    def state_dict(self) -> dict[str, Any]:
        """The mean so far, for a resumed training."""
        return {**self._mean.state_dict(), "manner": self._manner}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores the mean of a training that is resumed."""
        self._mean.load_state_dict(state_dict)
        self._resumed = dict(state_dict["manner"])

    @property
    def _manner(self) -> dict[str, Any]:
        return {"weighting": self.weighting, "mu": self.mu, "sigma": self.sigma}

    def _is_in(self, epoch: int) -> bool:
        return self.from_epoch <= epoch and (self.to_epoch is None or epoch <= self.to_epoch)

    def _take(self, epoch: int, trainer: Trainer, model: LightningModule) -> None:
        """Adds an epoch to the mean, once, and writes the mean."""
        if not self._is_in(epoch) or epoch in self._mean.epochs:
            return
        trained: dict[str, Tensor] = {}
        if trainer.is_global_zero:  # which saves it
            trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        log_weight = 0.0
        if self.mu is not None and self.sigma is not None:
            log_weight = gaussian_log_weight(epoch, mu=self.mu, sigma=self.sigma)
        self._mean.add(trained, epoch=epoch, log_weight=log_weight)
        if epoch > 0:
            self._write(trainer, model)

    def _write(self, trainer: Trainer, model: LightningModule) -> None:
        checkpoints = trainer.checkpoint_callback
        if not isinstance(checkpoints, ModelCheckpoint) or checkpoints.dirpath is None:  # a dry run
            return
        assert isinstance(model, ActionRecognizer)
        ends = {"first_epoch": self._mean.epochs[0], "last_epoch": self._mean.epochs[-1]}
        model.mean_of_epochs = MeanOfEpochs(self._mean.values, {**ends, **self._manner})
        try:
            trainer.save_checkpoint(Path(checkpoints.dirpath) / f"{WEIGHT_MEAN}.ckpt", weights_only=True)
        finally:
            model.mean_of_epochs = None


def _check_gaussian(weighting: str, mu: float | None, sigma: float | None) -> None:
    if weighting == "uniform":
        if mu is not None or sigma is not None:
            raise ValueError(f"mu and sigma are of weighting gaussian; this is uniform; got mu {mu}, sigma {sigma}")
    elif mu is None or not math.isfinite(mu) or sigma is None or not 0 < sigma < math.inf:
        raise ValueError(f"weighting gaussian needs mu, an epoch, and sigma, a positive number; got {mu} and {sigma}")


def _in_words(epochs: Sequence[int], manner: Mapping[str, Any] | None) -> str:
    if not epochs:
        return "no mean of epochs"
    words = ", ".join(f"{name} {value}" for name, value in (manner or {}).items() if value is not None)
    return f"the mean of the epochs {', '.join(map(str, epochs))} ({words})"
