"""AdamW with linear warm-up and cosine decay per step, as in T2L and ViFi-CLIP.

The two differ in where the cosine begins (`cosine_from`): after warm-up, or at the first step, as timm's scheduler has
it, which ViFi-CLIP's authors use. Open-VCLIP's warm-up begins above 0 (`warmup_start_fraction`), and its weight decay
leaves out vectors (`decay_on`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch.nn import Parameter
from torch.optim.lr_scheduler import LambdaLR

from zsar.runtime.choices import check_choices


@dataclass(frozen=True)
class Optimization:
    """How a model is trained; the defaults are the T2L paper's (section 4, implementation details).

    Attributes:
        learning_rate: Peak learning rate.
        weight_decay: Decoupled weight decay, on the trained parameters of `decay_on`.
        betas: AdamW's running-average coefficients.
        eps: AdamW's denominator term.
        warmup_fraction: Share of all steps in which the rate rises linearly.
        final_fraction: Final learning rate as a fraction of the peak.
        cosine_from: Where the cosine begins: "after_warmup", at the peak; or at the "start" of training, with warm-up
            laid over it, so that the rate drops to the cosine's where warm-up ends (timm's CosineLRScheduler without
            warmup_prefix; ViFi-CLIP's code).
        warmup_start_fraction: Rate of the first step of warm-up as a fraction of the peak, which is reached just after
            warm-up (Open-VCLIP: 0.01). None for the ways of `cosine_from`: with "after_warmup" the first step is one
            part of the way up already and the last one at the peak, with "start" the first step has rate 0.
        decay_on: Which parameters decay: "all", or "all_but_vectors": none with one dimension, which are biases, the
            gains of LayerNorm and the class token; the logit scale, without dimensions, decays (Open-VCLIP's code).
    """

    learning_rate: float = 5e-5
    weight_decay: float = 0.2
    betas: tuple[float, float] = (0.9, 0.98)
    eps: float = 1e-8
    warmup_fraction: float = 0.1
    final_fraction: float = 0.0
    cosine_from: Literal["after_warmup", "start"] = "after_warmup"
    warmup_start_fraction: float | None = None
    decay_on: Literal["all", "all_but_vectors"] = "all"

    def __post_init__(self) -> None:
        """Checks ranges and choices."""
        check_choices(self)
        if not 0 < self.learning_rate < math.inf:
            due = "positive" if self.learning_rate <= 0 else "finite"
            raise ValueError(f"learning_rate must be {due}; got {self.learning_rate}")
        for name in ("warmup_fraction", "final_fraction", "warmup_start_fraction"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is a share between 0 and 1; got {value}")
        if self.warmup_start_fraction is not None and self.warmup_fraction == 0:
            raise ValueError(
                f"warmup_start_fraction is {self.warmup_start_fraction}, but there is no warm-up (warmup_fraction 0); "
                "leave it out, or give a warmup_fraction"
            )

    def configure(
        self, groups: Iterable[tuple[list[Parameter], float | None]], n_steps: int
    ) -> OptimizerLRSchedulerConfig:
        """Builds optimizer and schedule for Lightning.

        Args:
            groups: Parameters with their own peak learning rate, or None for `learning_rate`.
            n_steps: Optimizer steps in the whole training.

        Returns:
            The return value of `configure_optimizers`.
        """
        parameter_groups: list[dict[str, Any]] = [
            {"params": parameters, "lr": self.learning_rate if rate is None else rate, "weight_decay": decay}
            for given, rate in groups
            for parameters, decay in self._by_decay(given)
            if parameters
        ]
        optimizer = torch.optim.AdamW(
            parameter_groups, lr=self.learning_rate, betas=self.betas, eps=self.eps, weight_decay=self.weight_decay
        )
        schedule = LambdaLR(optimizer, lambda step: self.rate_at(step, n_steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def rate_at(self, step: int, n_steps: int) -> float:
        """The learning rate as a fraction of its peak.

        Args:
            step: Optimizer steps done, 0-based.
            n_steps: Optimizer steps in the whole training.

        Returns:
            A value in [0, 1]. With `cosine_from` "after_warmup" the last step of warm-up is at the peak, and no step
            has rate 0; with "start" the first step of warm-up has rate 0, as timm's. With `warmup_start_fraction` the
            first step has that rate, and the first step after warm-up is where the rise would reach the peak.
        """
        n_warmup = round(self.warmup_fraction * n_steps)
        is_from_start = self.cosine_from == "start"
        if step < n_warmup:
            start = self.warmup_start_fraction
            if start is not None:
                return start + (1 - start) * step / n_warmup
            return (step if is_from_start else step + 1) / n_warmup
        n_before = 0 if is_from_start else n_warmup
        progress = min((step - n_before) / max(n_steps - n_before, 1), 1.0)
        return self.final_fraction + (1 - self.final_fraction) * (1 + math.cos(math.pi * progress)) / 2

    def _by_decay(self, parameters: list[Parameter]) -> list[tuple[list[Parameter], float]]:
        """Parameters that decay, and those that do not, each with its weight decay."""
        if self.decay_on == "all":
            return [(parameters, self.weight_decay)]
        vectors = [p for p in parameters if p.ndim == 1]
        return [([p for p in parameters if p.ndim != 1], self.weight_decay), (vectors, 0.0)]


def n_optimizer_steps(trainer: Trainer) -> int:
    """Counts the optimizer steps of a whole training.

    `trainer.estimated_stepping_batches` would start the data loader's workers before a resumed run has restored its
    epoch, so they would read the wrong clips.

    Args:
        trainer: With a data module whose training loader has a length.

    Raises:
        ValueError: The training has no end, or the number of batches per update changes.
    """
    if trainer.max_epochs is None or trainer.max_epochs < 0:
        if trainer.max_steps > 0:
            return trainer.max_steps
        raise ValueError("the learning rate follows a schedule, which needs an end: set trainer.max_epochs")
    callbacks = trainer.callbacks  # type: ignore[attr-defined]
    if any(isinstance(callback, GradientAccumulationScheduler) for callback in callbacks):
        raise ValueError(
            "the learning rate follows a schedule, which needs to know the number of updates, but "
            "GradientAccumulationScheduler changes it by epoch: set trainer.accumulate_grad_batches instead"
        )
    n_batches = len(trainer.datamodule.train_dataloader())  # type: ignore[attr-defined]
    limit = trainer.limit_train_batches
    n_batches = min(n_batches, limit) if isinstance(limit, int) else int(n_batches * limit)
    n_steps = max(1, math.ceil(n_batches / trainer.accumulate_grad_batches) * trainer.max_epochs)
    return min(n_steps, trainer.max_steps) if trainer.max_steps > 0 else n_steps  # whichever comes first
