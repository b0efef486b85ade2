"""The weighted mean of states, all of which are kept."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def weighted_mean(states: Sequence[Mapping[str, Tensor]], weights: Sequence[float]) -> dict[str, Tensor]:
    """Sum of w theta over sum of w, in float64."""
    total = sum(weights)
    return {
        name: torch.stack([state[name].double() * (w / total) for state, w in zip(states, weights, strict=True)]).sum(0)
        for name in states[0]
    }


def gaussian(epoch: int, mu: float, sigma: float) -> float:
    """The density of a normal distribution."""
    return math.exp(-((epoch - mu) ** 2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)
