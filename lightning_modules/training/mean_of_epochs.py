"""The weighted mean of weights over epochs, of which only the mean is kept.

    mean_t = mean_{t-1} + (theta_t - mean_{t-1}) w_t / W_t,    W_t = sum of the w so far

Uniform weights are those of Open-VCLIP (Weng et al. 2023) and of TACO; Gaussian ones, w_t = exp(-(t - mu)^2 / (2
sigma^2)), those of Open-MeDe (Yu et al. 2025), whose constant factor cancels. The mean is kept in float32, as half
precision would lose small updates, and w by its logarithm, as far from mu it is smaller than any number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class MeanOfEpochs:
    """A mean of trained weights that is saved as a checkpoint.

    Attributes:
        weights: The mean of each trained tensor by name, float32 on the CPU; empty in all processes but the first.
        record: How it was made, in plain types: weighting, first and last epoch, mu and sigma.
    """

    weights: Mapping[str, Tensor]
    record: Mapping[str, Any]


class RunningMean:
    """The mean of tensors by name, on the CPU.

    Attributes:
        values: The mean, float32; empty before the first state.
        epochs: The epochs in it, in order.
    """

    def __init__(self) -> None:
        """Starts without a state."""
        self.values: dict[str, Tensor] = {}
        self.epochs: list[int] = []
        self._log_sum = -math.inf

    def add(self, state: Mapping[str, Tensor], *, epoch: int, log_weight: float) -> None:
        """Adds a state.

        Args:
            state: Tensors by name, the same names and shapes in each call.
            epoch: What the state is called in `epochs`.
            log_weight: Natural logarithm of its weight w.
        """
        total = _log_of_sum(self._log_sum, log_weight)
        part = math.exp(log_weight - total)
        new = {name: tensor.detach().to("cpu", torch.float32) for name, tensor in state.items()}
        if self.epochs:
            self.values = {name: torch.lerp(self.values[name], tensor, part) for name, tensor in new.items()}
        else:
            self.values = {name: tensor.clone() for name, tensor in new.items()}
        self.epochs.append(epoch)
        self._log_sum = total

    def state_dict(self) -> dict[str, Any]:
        """The mean as tensors and plain types."""
        return {"values": self.values, "epochs": list(self.epochs), "log_sum": self._log_sum}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        self.values, self.epochs = dict(state["values"]), list(state["epochs"])
        self._log_sum = float(state["log_sum"])


def gaussian_log_weight(epoch: int, *, mu: float, sigma: float) -> float:
    """The logarithm of Open-MeDe's weight of an epoch, without its constant."""
    return -((epoch - mu) ** 2) / (2 * sigma**2)


def _log_of_sum(first: float, second: float) -> float:
    """ln(exp(first) + exp(second)), without overflow or underflow."""
    most = max(first, second)
    return most + math.log(math.exp(first - most) + math.exp(second - most))
