"""A plain restatement of the attention of timm's blocks, one sequence and one head at a time.

Pairs are turned as complex numbers. Written against raw weights, with explicit softmax, and nothing of the package or of
timm's functions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tests.reference.attention_weights import softmax_qk


def queries_keys_values(attention: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Those of normalized tokens [L, D], each [L, D]."""
    if attention.qkv is None:
        apart = (attention.q_proj, attention.k_proj, attention.v_proj)
        return tuple(x @ one.weight.T + (0 if one.bias is None else one.bias) for one in apart)  # type: ignore[return-value]
    q, k, v = (x @ attention.qkv.weight.T + (0 if attention.qkv.bias is None else attention.qkv.bias)).chunk(3, dim=-1)
    if getattr(attention, "q_bias", None) is not None:
        q, v = q + attention.q_bias, v + attention.v_bias  # keys have no bias
    return q, k, v


def turned(tokens: Tensor, rotation: Tensor, n_heads: int) -> Tensor:
    """Tokens [P, D] of the patches: neighbours of a head are a complex number, turned by timm's sines and cosines."""
    sines, cosines = rotation.chunk(2, dim=-1)
    angles = torch.complex(cosines[:, ::2], sines[:, ::2])
    out = []
    for head in tokens.chunk(n_heads, dim=-1):
        pairs = torch.complex(head[:, ::2], head[:, 1::2]) * angles
        out.append(torch.stack([pairs.real, pairs.imag], dim=-1).flatten(1))
    return torch.cat(out, dim=-1)


def attention_of(block: Any, x: Tensor, rotation: Tensor | None, n_prefix: int) -> tuple[Tensor, Tensor]:
    """Weights [H, L, L] and values [L, D] of normalized tokens [L, D]; those behind the patches are not turned."""
    attention = block.attn
    q, k, v = queries_keys_values(attention, x)
    if rotation is not None:
        patches = slice(n_prefix, n_prefix + len(rotation))
        q, k = q.clone(), k.clone()
        q[patches], k[patches] = (turned(t[patches], rotation, attention.num_heads) for t in (q, k))
    return softmax_qk(q, k, attention.num_heads), v


def weighted(weights: Tensor, values: Tensor) -> Tensor:
    """Weights [H, L, L] times values [L, D], head by head."""
    heads = values.chunk(len(weights), dim=-1)
    return torch.cat([w @ h for w, h in zip(weights, heads, strict=True)], dim=-1)
