"""A training step with interpolated regularization, as Open-VCLIP's page has it, written out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Weights = dict[str, Tensor]


def gradients(loss: Callable[[Weights], Tensor], weights: Weights) -> Weights:
    """The gradient of a loss at some weights."""
    leaves = {name: value.detach().clone().requires_grad_() for name, value in weights.items()}
    loss(leaves).backward()
    return {name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for name, leaf in leaves.items()}


def interpolated_gradients(
    loss: Callable[[Weights], Tensor], theta: Weights, theta_0: Weights, *, r: float, weight: float
) -> Weights:
    """g_1 + g_2: the gradient at r theta_0 + (1 - r) theta of weight x loss, as it is, and that at theta of loss."""
    theta_r = {name: r * theta_0[name] + (1 - r) * theta[name] for name in theta}
    g_1 = gradients(lambda weights: weight * loss(weights), theta_r)
    g_2 = gradients(loss, theta)
    return {name: g_1[name] + g_2[name] for name in theta}


def first_update(
    theta: Weights, gradient: Weights, *, max_norm: float, rate: float, betas: tuple[float, float], decay: float
) -> Weights:
    """Clipping to a norm and the first step of AdamW; tensors of one dimension do not decay."""
    norm = torch.sqrt(torch.stack([(g**2).sum() for g in gradient.values()]).sum())
    clip = min(1.0, max_norm / (float(norm) + 1e-6))
    updated = {}
    for name, value in theta.items():
        g = clip * gradient[name]
        first, second = (1 - betas[0]) * g / (1 - betas[0]), (1 - betas[1]) * g**2 / (1 - betas[1])
        decayed = value if value.ndim == 1 else value * (1 - rate * decay)
        updated[name] = decayed - rate * first / (second.sqrt() + 1e-8)
    return updated
