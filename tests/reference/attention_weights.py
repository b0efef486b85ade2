"""A plain restatement of attention weights and of maps made from them: softmax(QK) by hand, one head at a time.

Written against raw weights and arrays, with loops and whole matrices, and nothing of the package.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.reference.t2l_blocks import attention, visual_block


def softmax_qk(q: Tensor, k: Tensor, n_heads: int) -> Tensor:
    """softmax(q k^T / sqrt(d)) of each head: queries [L, D] and keys [S, D] -> [H, L, S]."""
    width = q.shape[1] // n_heads
    heads = []
    for head in range(n_heads):
        part = slice(head * width, (head + 1) * width)
        scores = torch.exp(q[:, part] @ k[:, part].T / math.sqrt(width))
        heads.append(scores / scores.sum(dim=1, keepdim=True))
    return torch.stack(heads)


def clip_weights(block: Any, tokens: Tensor) -> Tensor:
    """Attention [H, L, L] of an open_clip block to tokens [L, D]."""
    attn = block.attn
    q, k, _ = (block.ln_1(tokens) @ attn.in_proj_weight.T + attn.in_proj_bias).chunk(3, dim=-1)
    return softmax_qk(q, k, attn.num_heads)


def clip_tower_weights(visual: Any, frame: Tensor) -> list[Tensor]:
    """Attention [H, L, L] of each layer of open_clip's ViT to one normalized frame [3, H, W]."""
    x = visual._embeds(frame[None])[0]
    layers = []
    for block in visual.transformer.resblocks:
        layers.append(clip_weights(block, x))
        x = visual_block(block, x[None], None, None)[0]
    return layers


def t2l_tower_weights(
    visual: Any, frames: Tensor, tokens: Tensor, adapters: list[nn.Module]
) -> tuple[list[Tensor], list[Tensor]]:
    """Attention of T2L with temporal tokens [K, T, D] in each layer to one video [T, 3, H, W].

    Returns:
        For each layer, that of all frames with the temporal token last [T, H, L + 1, L + 1], and of the frames to each
        other [H, T, T].
    """
    x = visual._embeds(frames)
    within, between = [], []
    for layer, block in enumerate(visual.transformer.resblocks):
        linked = torch.stack([tokens[layer][t] + sum(x[t]) / len(x[t]) for t in range(len(x))])
        between.append(clip_weights(block, linked))
        shown = attention(block, linked)
        within.append(torch.stack([clip_weights(block, torch.cat([x[t], shown[t][None]])) for t in range(len(x))]))
        x = visual_block(block, x, tokens[layer], adapters[layer])
    return within, between


def timm_tower_weights(trunk: Any, frame: Tensor) -> tuple[list[Tensor], Tensor | None]:
    """Attention [H, L, L] of each block of timm's VisionTransformer, and of its attention pooling [H, 1, L] if any."""
    x = trunk.norm_pre(trunk.patch_drop(trunk._pos_embed(trunk.patch_embed(frame[None]))))
    layers = []
    for block in trunk.blocks:
        q, k, _ = block.attn.qkv(block.norm1(x))[0].chunk(3, dim=-1)
        layers.append(softmax_qk(q, k, block.attn.num_heads))
        x = block(x)
    if trunk.attn_pool is None:
        return layers, None
    pool = trunk.attn_pool
    k, _ = pool.kv(trunk.norm(x))[0].chunk(2, dim=-1)
    return layers, softmax_qk(pool.q(pool.latent[0]), k, pool.num_heads)


def rollout(layers: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Abnar and Zuidema 2020, of attention [L, L] of each layer: the whole product, first layer on the right."""
    product = np.eye(len(layers[0]))
    for weights in layers:
        mixed = 0.5 * weights + 0.5 * np.eye(len(weights))
        product = mixed @ product
    return product


def relevance(
    layers: list[NDArray[np.float64]], gradients: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Chefer et al. 2021, of attention and its gradient [H, L, L] of each layer: the whole matrix R, and each A_bar."""
    r = np.eye(layers[0].shape[-1])
    bars = []
    for a, g in zip(layers, gradients, strict=True):
        bar = np.zeros_like(r)
        for head in range(len(a)):
            bar += np.where(a[head] * g[head] > 0, a[head] * g[head], 0) / len(a)
        bars.append(bar)
        r = r + bar @ r
    return r, bars
