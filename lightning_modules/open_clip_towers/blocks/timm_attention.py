"""Queries, keys and values of timm's attention modules, and what follows their weighted sum.

`Attention` (SigLIP, MobileCLIP) has one projection; `EvaAttention` (EVA) one with biases of its own or three, of which
that of keys has no bias; `AttentionRope` (PE-Core) either. All may normalize queries and keys, and what the heads found.
What else a module holds, such as a gate, is unknown: `unknown_part` names it.

Rotary positions turn queries and keys by the place of their patch. A class token, a register, and what zsar adds (the
temporal token of T2L, a prefix, the frames of a video attending to each other) has no place in the picture and is not
turned, as timm leaves its class token: it has the angle 0, that of a place before the first patch (PE-Core), or of the
first patch itself (EVA).
"""

from __future__ import annotations

from typing import Any

import torch
from timm.layers import Attention, AttentionRope, apply_rot_embed_cat
from timm.models.eva import EvaAttention
from torch import Tensor, nn
from torch.nn import functional

_PROJECTIONS = ("qkv", "q_proj", "k_proj", "v_proj", "q_bias", "k_bias", "v_bias", "q_norm", "k_norm")
_PARTS = {*_PROJECTIONS, "attn_drop", "norm", "proj", "proj_drop"}


def unknown_part(module: nn.Module, known: set[str]) -> str | None:
    """The name of a module, parameter or buffer that is not known; None if all are.

    Args:
        module: What holds them.
        known: The names of those that the caller runs.
    """
    held = (module._modules, module._parameters, module._buffers)
    names = (name for parts in held for name, part in parts.items() if part is not None)
    return next((name for name in names if name not in known), None)


def unknown_attention(attention: nn.Module) -> str | None:
    """What of an attention module is unknown, in a few words; None if it can be run by this file."""
    kind = type(attention).__name__
    if type(attention) not in (Attention, AttentionRope, EvaAttention):
        return f"attention of kind {kind}"
    part = unknown_part(attention, _PARTS)
    return None if part is None else f"a part {part!r} in its {kind}"


def projected(attention: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401 - timm's share no base class
    """Queries, keys and values, normalized where the module does so, and not yet rotated.

    Args:
        attention: The attention module.
        x: Normalized tokens, [N, L, D].

    Returns:
        Three times [N, H, L, d].
    """
    size = attention.proj.in_features // attention.num_heads
    if attention.qkv is not None:
        bias = attention.qkv.bias
        if (own := getattr(attention, "q_bias", None)) is not None:
            bias = torch.cat((own, attention.k_bias, attention.v_bias))
        together = functional.linear(x, attention.qkv.weight, bias)
        q, k, v = together.unflatten(-1, (3, attention.num_heads, size)).permute(2, 0, 3, 1, 4)
    else:
        apart = (attention.q_proj(x), attention.k_proj(x), attention.v_proj(x))
        q, k, v = (tokens.unflatten(-1, (-1, size)).transpose(1, 2) for tokens in apart)
        groups = q.shape[1] // k.shape[1]  # heads that share their keys and values
        if groups > 1:
            k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
    return attention.q_norm(q), attention.k_norm(k), v


def rotated(attention: Any, tokens: Tensor, rotation: Tensor) -> Tensor:  # noqa: ANN401
    """Queries or keys [N, H, L, d], of which those of the patches are rotated by their place.

    Args:
        attention: The attention module, which knows how many tokens stand before the patches.
        tokens: The tower's tokens, then possibly others; neither those before nor those after the patches are rotated.
        rotation: timm's sines and cosines of the P patches, [P, 2 d] or [H, P, 2 d].
    """
    first = attention.num_prefix_tokens
    last = first + rotation.shape[-2]
    # Versions of timm that cannot rotate by halves do not know the argument.
    halves = {"half": True} if getattr(attention, "rotate_half", False) else {}
    turned = apply_rot_embed_cat(tokens[:, :, first:last], rotation, **halves)
    return torch.cat([tokens[:, :, :first], turned.type_as(tokens), tokens[:, :, last:]], dim=2)


def finished(attention: Any, heads: Tensor) -> Tensor:  # noqa: ANN401
    """What the module makes of the weighted values: [N, H, L, d] -> [N, L, D]."""
    attended: Tensor = attention.proj_drop(attention.proj(attention.norm(heads.transpose(1, 2).flatten(2))))
    return attended
