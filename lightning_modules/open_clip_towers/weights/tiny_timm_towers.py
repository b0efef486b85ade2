"""Tiny visual towers like those of SigLIP, PE-Core and EVA-02: timm's own classes with the switches of the real ones.

open_clip passes timm only a name, and timm has no ViT so small; importing this file makes the names known to timm.
They are 3 layers of width 96 with 6 heads, for frames of 32 px in patches of 8 px, as tiny-clip's. timm's models
that they follow: vit_base_patch16_siglip_224, vit_pe_core_base_patch16_224 and eva02_base_patch16_clip_224.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from timm.layers import LayerNorm
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import nn

_SIZES: dict[str, Any] = {"patch_size": 8, "embed_dim": 96, "depth": 3, "num_heads": 6}
_GRID = (4, 4)  # patches of a frame, for which rotary positions are stated
_STATED: dict[str, Any] = {
    "num_classes": 0,
    "input_size": (3, 32, 32),
    "fixed_input_size": True,
    "pool_size": None,
    "first_conv": "patch_embed.proj",
    "classifier": "head",
}

default_cfgs = generate_default_cfgs({f"zsar_tiny_{family}": _STATED for family in ("siglip", "pe", "eva")})
"""What timm is told of each; it looks for this name."""


@register_model
def zsar_tiny_siglip(pretrained: bool = False, **arguments: Any) -> nn.Module:  # noqa: ANN401 - timm's own
    """SigLIP: no class token, a query pools the patches by attention, no head."""
    switches = {"class_token": False, "global_pool": "map"}
    return _build(VisionTransformer, "zsar_tiny_siglip", pretrained, {**_SIZES, **switches, **arguments})


@register_model
def zsar_tiny_pe(pretrained: bool = False, **arguments: Any) -> nn.Module:  # noqa: ANN401 - timm's own
    """PE-Core: class token, rotary positions of another attention, a norm before the blocks, attention pooling."""
    switches = {
        "mlp_ratio": 4.0,
        "global_pool": "map",
        "attn_type": "rope",
        "use_pre_transformer_norm": True,
        "use_rot_pos_emb": True,
        "ref_feat_shape": _GRID,
        "rope_grid_offset": 1.0,
        "rope_grid_indexing": "xy",
        "attn_pool_num_heads": 8,
        "attn_pool_mlp_ratio": 4.0,
        "norm_layer": partial(LayerNorm, eps=1e-5),
    }
    return _build(Eva, "zsar_tiny_pe", pretrained, {**_SIZES, **switches, **arguments})


@register_model
def zsar_tiny_eva(pretrained: bool = False, **arguments: Any) -> nn.Module:  # noqa: ANN401 - timm's own
    """EVA-02: rotary positions, SwiGLU, norms within both halves, separate projections of which keys have no bias."""
    switches = {
        "mlp_ratio": 4 * 2 / 3,
        "qkv_fused": False,
        "swiglu_mlp": True,
        "scale_mlp": True,
        "scale_attn_inner": True,
        "use_rot_pos_emb": True,
        "ref_feat_shape": _GRID,
        "global_pool": "token",
    }
    return _build(Eva, "zsar_tiny_eva", pretrained, {**_SIZES, **switches, **arguments})


def _build(kind: type[nn.Module], name: str, pretrained: bool, arguments: dict[str, Any]) -> nn.Module:
    model: nn.Module = build_model_with_cfg(kind, name, pretrained, **arguments)
    return model
