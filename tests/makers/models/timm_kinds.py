"""Tiny towers of timm, one of each kind that may differ when a tower is run step by step; random weights throughout."""

from __future__ import annotations

from typing import Any

import torch
from open_clip.timm_model import TimmModel
from timm.layers import Mlp
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import nn

IMAGE_SIZE, WIDTH, GRID = 16, 48, (4, 4)
_TINY = {"img_size": IMAGE_SIZE, "patch_size": 4, "embed_dim": WIDTH, "depth": 2, "num_heads": 4, "num_classes": 20}
_ROTARY = {"use_rot_pos_emb": True, "ref_feat_shape": (4, 4)}
_PE = {"global_pool": "map", "attn_type": "rope", **_ROTARY}

VITS: dict[str, dict[str, Any]] = {
    "siglip": {"global_pool": "map", "class_token": False, "num_classes": 0},
    "mobileclip": {"global_pool": "token", "no_embed_class": True},
    "averaged": {"global_pool": "avg", "class_token": False},
    "averaged-with-registers": {"global_pool": "avg", "reg_tokens": 2, "class_token": False, "pre_norm": True},
    "pooled-with-prefix": {"global_pool": "map", "reg_tokens": 2, "pool_include_prefix": True},
    "pooled-without-prefix": {"global_pool": "map", "reg_tokens": 2},
    "norms-everywhere": {"qk_norm": True, "scale_attn_norm": True, "scale_mlp_norm": True, "init_values": 0.1},
    "any-size": {"dynamic_img_size": True},
    "made-for-another-size": {"dynamic_img_size": True, "img_size": 24},
    "stochastic-depth": {"drop_path_rate": 0.5, "attn_drop_rate": 0.5, "proj_drop_rate": 0.5},
}
EVAS: dict[str, dict[str, Any]] = {
    "eva01": {"global_pool": "token"},
    "eva02-b": {"global_pool": "token", "qkv_fused": False, "swiglu_mlp": True, "scale_mlp": True, **_ROTARY},
    "eva02-l": {"global_pool": "token", "swiglu_mlp": True, "scale_mlp": True, "scale_attn_inner": True, **_ROTARY},
    "eva02-e": {"global_pool": "token", "use_post_norm": True},
    "pe": {**_PE, "use_pre_transformer_norm": True, "rope_grid_offset": 1.0, "rope_grid_indexing": "xy"},
    "pe-without-class-token": {**_PE, "class_token": False, "init_values": 0.1},
    "rotation-of-each-layer": {"global_pool": "avg", "rope_type": "mixed", "num_reg_tokens": 2, **_ROTARY},
    "rotation-by-halves": {
        "global_pool": "avg",
        "rope_type": "dinov3",
        "rope_rotate_half": True,
        "num_reg_tokens": 2,
        "use_abs_pos_emb": False,
        "no_embed_class": True,
        "attn_type": "rope",
        "qkv_bias": False,
        **_ROTARY,
    },
    "rotation-of-any-size": {"global_pool": "token", "dynamic_img_size": True, **_ROTARY},
    "rotation-made-for-another-size": {"global_pool": "avg", "dynamic_img_size": True, "img_size": 24, **_ROTARY},
}
HEADS = ("linear", "mlp")
KINDS = (*VITS, *EVAS, *HEADS)
ROTARY = tuple(kind for kind, settings in EVAS.items() if settings.get("use_rot_pos_emb"))


class TinyTower(TimmModel):
    """open_clip's wrapper around a trunk that is already there."""

    def __init__(self, trunk: nn.Module, head: nn.Sequential) -> None:
        nn.Module.__init__(self)
        self.trunk, self.head = trunk, head
        self.image_size = (IMAGE_SIZE, IMAGE_SIZE)


def tiny_tower(kind: str, **changes: Any) -> TinyTower:
    """A tower in evaluation mode; of settings of zero or one, such as layer scale, all are moved.

    Args:
        kind: One of `KINDS`.
        changes: Further settings of timm's class.
    """
    torch.manual_seed(0)
    heads = {
        "linear": [nn.Dropout(0.5), nn.Linear(WIDTH, 20, bias=False)],
        "mlp": [Mlp(WIDTH, 40, 20, drop=(0.5, 0.0), bias=(True, False))],
    }
    head = nn.Sequential(*heads.get(kind, []))
    settings = {**_TINY, **({"num_classes": 0} if kind in HEADS else {}), **VITS.get(kind, {}), **EVAS.get(kind, {})}
    trunk = (Eva if kind in EVAS else VisionTransformer)(**{**settings, **changes})
    tower = TinyTower(trunk, head)
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return tower.eval()
