"""Attention with its weights: softmax(Q K^T / sqrt(d) + mask) V, where the towers use a fused function without them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def attention_weights(query: Tensor, key: Tensor, mask: Tensor | None = None, *, scale: float | None = None) -> Tensor:
    """The weights of scaled dot-product attention.

    Args:
        query: [..., L, d].
        key: [..., S, d].
        mask: Additive, or boolean with true for what may be attended to; broadcast to [..., L, S]; None for all.
        scale: Factor of the products; None for 1 / sqrt(d).

    Returns:
        [..., L, S], each row summing to 1.
    """
    scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    return scores.softmax(dim=-1)


def weighted_values(weights: Tensor, value: Tensor, *, dropout: float = 0.0) -> Tensor:
    """What attention with these weights gives.

    Args:
        weights: [..., L, S].
        value: [..., S, d].
        dropout: Rate of attention dropout.

    Returns:
        [..., L, d].
    """
    return functional.dropout(weights, dropout).to(value.dtype) @ value


def cross_attention_weights(attention: nn.MultiheadAttention, query: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and values of PyTorch's multi-head attention, batch first and without a mask.

    Args:
        attention: The module; key and value are both `context`.
        query: [N, Q, D].
        context: [N, L, D'].

    Returns:
        Weights [N, H, Q, L] and values [N, H, L, d].
    """
    packed: Tensor | None = attention.in_proj_weight  # None if keys are of another width than queries
    apart = (attention.q_proj_weight, attention.k_proj_weight, attention.v_proj_weight)
    bias_of_all: Tensor | None = attention.in_proj_bias
    projections = apart if packed is None else packed.chunk(3)
    biases = (None,) * 3 if bias_of_all is None else bias_of_all.chunk(3)
    q, k, v = (
        functional.linear(tokens, weight, bias).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
        for tokens, weight, bias in zip((query, context, context), projections, biases, strict=True)
    )
    return attention_weights(q, k), v
