"""Interpolated regularization: the loss must also hold at weights between the tuned and the original ones.

Open-VCLIP (Weng et al. 2023; their code, as `weight_interpolation.md` in the design notes restates it): in each step a
share r of the original weights is drawn, and to the gradient of the loss at the tuned weights theta is added the
gradient at theta_r = r theta_0 + (1 - r) theta of the same loss of the same batch, times a weight. The chain rule's
factor 1 - r is left out: the paper's weight is C / (1 - r), which cancels it.

Here the second loss is a term whose value is weight times L(theta_r), and whose gradient by theta is what was found at
theta_r. So it joins the gradient of the other terms in the one backward pass that Lightning makes: after it come the
exchange between processes, the accumulation of batches, the unscaling of 16-mixed, and clipping, of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from zsar.lightning_modules.clip.original_weights import OriginalWeights
from zsar.runtime.seeds import derive_seed


class LossScaler(Protocol):
    """What is needed from torch's GradScaler."""

    def scale(self, outputs: Tensor) -> Tensor: ...  # noqa: D102


@dataclass(frozen=True)
class InterpolatedRegularization:
    """A second loss in each training step, at weights between the tuned and the original ones: twice the time.

    Attributes:
        share: The range of r, the share of the ORIGINAL weights, which is drawn uniformly in each step; `tuned_share`
            counts the other one. Each process draws its own, and with accumulation each batch.
        weight: Factor of the second loss.
    """

    share: tuple[float, float] = (0.0, 0.6)
    weight: float = 0.5

    def __post_init__(self) -> None:
        """Checks ranges."""
        least, most = self.share
        if not 0 <= least <= most <= 1:
            raise ValueError(
                "interpolated_regularization.share is the range of a share of the original weights, two numbers from 0 "
                f"to 1 in rising order; got [{least}, {most}]"
            )
        if not 0 < self.weight < float("inf"):
            raise ValueError(
                f"interpolated_regularization.weight must be positive and finite; got {self.weight}; to leave the "
                "second loss out, give --model.interpolated_regularization null"
            )

    def draw(self, seed: int) -> float:
        """The share of the original weights in a step.

        Args:
            seed: Of the step's batch. The draw has a generator of its own, so that all other draws of the step are
                those of a training without regularization.
        """
        generator = torch.Generator().manual_seed(derive_seed(seed, "interpolated regularization"))
        least, most = self.share
        return least + (most - least) * float(torch.rand((), generator=generator))

    def term(
        self,
        loss: Callable[[], Tensor],
        original: OriginalWeights,
        *,
        seed: int,
        scaler: LossScaler | None = None,
    ) -> Tensor:
        """The second loss of a step.

        Args:
            loss: Computes the loss of the batch with the weights that the model has. It is called once, and the
                random numbers that it draws are drawn again by what follows.
            original: The original weights of the model, which has the tuned ones now.
            seed: Of the step's batch.
            scaler: Scales losses in 16-mixed, so that small gradients do not underflow, those of the second loss as
                well; None for other precisions.

        Returns:
            A scalar: weight times the loss at the interpolated weights, with the gradient found there.
        """
        parameters = list(original.parameters.values())
        device = parameters[0].device
        kept = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(kept), original.mixed(self.draw(seed)):
            value = self.weight * loss()
            scaled = value if scaler is None else scaler.scale(value)
            with torch.autocast(device.type, enabled=False):  # as Lightning's backward pass has it
                gradients = torch.autograd.grad(scaled, parameters, allow_unused=True)
        if scaler is not None:
            factor = scaler.scale(torch.ones_like(value.detach()))
            gradients = tuple(None if g is None else g / factor for g in gradients)
        term: Tensor = _WithGradients.apply(value.detach(), gradients, *parameters)
        return term


class _WithGradients(torch.autograd.Function):
    """A scalar with given gradients by given parameters."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: tuple[Tensor | None, ...], *parameters: Tensor) -> Tensor:  # noqa: ANN401
        ctx.gradients = gradients
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        found = (None if gradient is None else gradient * outer[0] for gradient in ctx.gradients)
        return None, None, *found
