"""A tiny model of each family of visual towers, with random weights: those included in zsar, and others made here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from timm.models import build_model_with_cfg, register_model
from timm.models.vision_transformer import VisionTransformer
from timm.models.vision_transformer_hybrid import ConvStem, HybridEmbed
from torch import nn

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone

INCLUDED = ("tiny-clip", "tiny-coca", "tiny-siglip", "tiny-pe", "tiny-eva")


@register_model
def zsar_tiny_mci(pretrained: bool = False, **arguments: Any) -> nn.Module:
    """MobileCLIP-B's ViT (timm's vit_base_mci_224): convolutions make the patches, and only they have positions."""
    stem = ConvStem(channels=(24, 24, 96), stride=(4, 2, 1), kernel_size=(4, 2, 1), padding=0, act_layer=nn.GELU)
    settings = {
        "embed_layer": partial(HybridEmbed, backbone=stem, proj=False),
        "no_embed_class": True,
        "img_size": 32,
        "patch_size": 1,
        "embed_dim": 96,
        "depth": 3,
        "num_heads": 6,
    }
    model: nn.Module = build_model_with_cfg(VisionTransformer, "zsar_tiny_mci", pretrained, **{**settings, **arguments})
    return model


def _of_timm(model: str, pool: str, proj: str | None) -> dict[str, object]:
    return {
        "image_size": 32,
        "timm_model_name": model,
        "timm_model_pretrained": False,
        "timm_pool": pool,
        "timm_proj": proj,
    }


_VISUAL: Mapping[str, dict[str, object]] = {
    "mobileclip": _of_timm("zsar_tiny_mci", "token", None),
    "convnext": _of_timm("test_convnext", "", "linear"),
    "resnet": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 8, "patch_size": None},
}
MADE = tuple(_VISUAL)
"""The families of which zsar includes no tiny model."""
TOWERS = (*INCLUDED, *MADE)
WITHOUT_BLOCKS = ("convnext", "resnet")
"""Families whose towers are no ViTs: methods that work inside a tower refuse them by name."""


def tower(family: str, folder: Path) -> str:
    """The architecture of a family.

    Args:
        family: One of `TOWERS`.
        folder: Where a config is written if the family has no tiny model in zsar.
    """
    if family in INCLUDED:
        return family
    path = changed_config(folder / f"made-{family}.json")
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "vision_cfg": _VISUAL[family], "custom_text": family == "mobileclip"}))
    return str(path)


def weights_of(architecture: str, path: Path) -> Path:
    """A weights file with random weights of which none does nothing.

    Args:
        architecture: As for `OpenClipBackbone`.
        path: The file.
    """
    torch.manual_seed(0)
    clip = OpenClipBackbone(architecture, "random").clip
    with torch.no_grad():
        for parameter in clip.parameters():  # timm begins with heads near zero, norms and biases with what does nothing
            parameter.add_(0.05 * torch.randn_like(parameter))
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(clip.state_dict(), path)
    return path
