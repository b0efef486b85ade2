"""OpenAI's CLIP on a plain dict of tensors with its own names: what BIKE and Open-VCLIP leave as it is.

Restated from `bike.md` (sections 2 and 3) and `open_vclip.md` (sections 2 and 3): patches, class token, spatial
positions, ln_pre, pre-norm blocks, ln_post of the class token, proj; text with a causal mask, ln_final,
text_projection. QuickGELU, LayerNorm with eps 1e-5. No part of the package is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

State = Mapping[str, Tensor]
Attention = Callable[[State, Tensor], Tensor]
"""Weights of one attention and its input [n, tokens, width] -> its output [n, tokens, width]."""


def encode_image(state: State, images: Tensor, attention: Attention) -> Tensor:
    """Images [n, 3, H, W], normalized -> [n, D], not of unit length; `attention` is that of every block."""
    patch = state["visual.conv1.weight"]  # [width, 3, p, p]
    size = patch.shape[-1]
    tokens = []
    for image in images:
        row = [state["visual.class_embedding"]]
        for top in range(0, image.shape[1] - size + 1, size):
            for left in range(0, image.shape[2] - size + 1, size):
                row.append((patch * image[:, top : top + size, left : left + size]).sum(dim=(1, 2, 3)))
        tokens.append(torch.stack(row))
    x = torch.stack(tokens) + state["visual.positional_embedding"]
    x = layer_norm(x, part(state, "visual.ln_pre."), 1e-5)
    x = transformer(part(state, "visual.transformer."), x, attention, 1e-5)
    return layer_norm(x[:, 0], part(state, "visual.ln_post."), 1e-5) @ state["visual.proj"]


def encode_text(state: State, tokens: Tensor, heads: int | None = None) -> tuple[Tensor, Tensor]:
    """Token ids [C, N] -> all positions [C, N, D] and the end of the text [C, D], projected, neither of unit length."""
    width = state["ln_final.weight"].shape[0]
    x = state["token_embedding.weight"][tokens] + state["positional_embedding"]
    x = transformer(
        part(state, "transformer."), x, lambda weights, y: causal_attention(weights, y, heads or width // 64), 1e-5
    )
    positions = layer_norm(x, part(state, "ln_final."), 1e-5) @ state["text_projection"]
    ends = torch.stack([positions[c, int(tokens[c].argmax())] for c in range(len(tokens))])
    return positions, ends


def transformer(state: State, x: Tensor, attention: Attention, eps: float) -> Tensor:
    """Pre-norm blocks resblocks.0, 1, ...: x += A(LN1(x)); x += MLP(LN2(x))."""
    number = 0
    while f"resblocks.{number}.ln_1.weight" in state:
        block = part(state, f"resblocks.{number}.")
        x = x + attention(part(block, "attn."), layer_norm(x, part(block, "ln_1."), eps))
        hidden = linear(layer_norm(x, part(block, "ln_2."), eps), part(block, "mlp.c_fc."))
        x = x + linear(hidden * torch.sigmoid(1.702 * hidden), part(block, "mlp.c_proj."))
        number += 1
    return x


def attention_heads(state: State, x: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """q, k, v of x [n, tokens, width], each [n, heads, tokens, width / heads]: heads in consecutive columns."""
    packed = x @ state["in_proj_weight"].T + state["in_proj_bias"]
    width = x.shape[-1]
    size = width // heads
    columns = [slice(h * size, (h + 1) * size) for h in range(heads)]
    q, k, v = packed[..., :width], packed[..., width : 2 * width], packed[..., 2 * width :]
    return (
        torch.stack([q[..., c] for c in columns], dim=1),
        torch.stack([k[..., c] for c in columns], dim=1),
        torch.stack([v[..., c] for c in columns], dim=1),
    )


def full_attention(state: State, x: Tensor, heads: int) -> Tensor:
    """Every token attends to all of its own item."""
    q, k, v = attention_heads(state, x, heads)
    rows = [
        torch.cat([softmax_attention(q[i, h], k[i, h], v[i, h]) for h in range(heads)], dim=-1) for i in range(len(x))
    ]
    return linear(torch.stack(rows), part(state, "out_proj."))


def causal_attention(state: State, x: Tensor, heads: int) -> Tensor:
    """Token n attends to tokens 0 to n of its own item."""
    q, k, v = attention_heads(state, x, heads)
    rows = []
    for n in range(x.shape[1]):
        weights = (q[:, :, n : n + 1] @ k[:, :, : n + 1].transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(dim=-1)
        rows.append((weights @ v[:, :, : n + 1]).squeeze(2).flatten(1))  # heads joined: [n, width]
    return linear(torch.stack(rows, dim=1), part(state, "out_proj."))


def softmax_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q k' / sqrt(size)) v of one head: [queries, size], [keys, size], [keys, size] -> [queries, size]."""
    return (q @ k.T / math.sqrt(q.shape[-1])).softmax(dim=-1) @ v


def layer_norm(x: Tensor, state: State, eps: float) -> Tensor:
    """Biased variance, eps inside the root."""
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = (centered * centered).mean(dim=-1, keepdim=True)
    return centered / torch.sqrt(variance + eps) * state["weight"] + state["bias"]


def linear(x: Tensor, state: State) -> Tensor:
    """The layer x W' + b."""
    return x @ state["weight"].T + state["bias"]


def unit(x: Tensor) -> Tensor:
    """The vectors of the last axis at length 1."""
    return x / x.square().sum(dim=-1, keepdim=True).sqrt()


def part(state: State, prefix: str) -> State:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
