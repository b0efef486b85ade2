"""A plain restatement of T2L's towers, one video, one frame and one head at a time, from the paper's equations.

Written against raw weights, with loops and explicit softmax, and nothing of the package.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def attention(block: nn.Module, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
    """MHA(LN(tokens)) for tokens [L, D], head by head."""
    attn = block.attn
    x = block.ln_1(tokens)
    q, k, v = (x @ attn.in_proj_weight.T + attn.in_proj_bias).chunk(3, dim=-1)
    width = tokens.shape[1] // attn.num_heads
    heads = []
    for head in range(attn.num_heads):
        part = slice(head * width, (head + 1) * width)
        scores = q[:, part] @ k[:, part].T / math.sqrt(width)
        if mask is not None:
            scores = scores + mask
        heads.append(torch.softmax(scores, dim=-1) @ v[:, part])
    return torch.cat(heads, dim=-1) @ attn.out_proj.weight.T + attn.out_proj.bias


def adapter(module: nn.Module | None, tokens: Tensor) -> Tensor:
    """X + up(GELU(down(x))), with the exact GELU."""
    if module is None:
        return tokens
    hidden = tokens @ module.down.weight.T + module.down.bias
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
    return tokens + hidden @ module.up.weight.T + module.up.bias


def visual_block(block: nn.Module, frames: Tensor, tokens: Tensor | None, adapter_module: nn.Module | None) -> Tensor:
    """Eq. 2 to 6 for one video: frames [T, N + 1, D], temporal tokens [T, D] -> [T, N + 1, D]."""
    outputs = []
    if tokens is not None:
        linked = torch.stack([tokens[t] + sum(frames[t]) / len(frames[t]) for t in range(len(frames))])
        shown = attention(block, linked)
    for t in range(len(frames)):
        z = frames[t] if tokens is None else torch.cat([frames[t], shown[t][None]])
        z = z + attention(block, z)
        if tokens is not None:
            z = z[:-1]
        z = adapter(adapter_module, z)
        outputs.append(z + block.mlp(block.ln_2(z)))
    return torch.stack(outputs)


def visual_tower(
    blocks: list[nn.Module],
    frames: Tensor,
    tokens: dict[int, Tensor],
    adapters: list[nn.Module] | None,
) -> Tensor:
    """All layers for one video, [T, N + 1, D]; `tokens` has those [T, D] of each layer that has some.

    All layers (the paper, and `prompt.DEEP` true in the authors' code): an entry for each layer. The first only
    (Table 7, `prompt.DEEP` false): one entry, 0. A layer without an entry is CLIP's block with the adapter.
    """
    for layer, block in enumerate(blocks):
        frames = visual_block(block, frames, tokens.get(layer), None if adapters is None else adapters[layer])
    return frames


def text_block(block: nn.Module, tokens: Tensor, mask: Tensor, adapter_module: nn.Module) -> Tensor:
    """y~ = c + MHA(LN(c)); y^ = Adapter(y~); y = y^ + MLP(LN(y^)), for one text [L, D]."""
    y = adapter(adapter_module, tokens + attention(block, tokens, mask))
    return y + block.mlp(block.ln_2(y))
