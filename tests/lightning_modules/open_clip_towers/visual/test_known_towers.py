"""Every architecture of open_clip runs step by step, or is refused by name; those of timm as their own forward has it."""

import re
from functools import partial
from typing import Any

import open_clip
import pytest
import timm
import torch
from open_clip.model import CLIPVisionCfg, _build_vision_tower
from torch import nn
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block, run_blocks
from zsar.lightning_modules.open_clip_towers.visual.known_towers import known_tower
from zsar.lightning_modules.open_clip_towers.visual.open_clip_vit import OpenClipViT
from zsar.lightning_modules.open_clip_towers.visual.timm_vit import TimmViT
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

# What is no ViT, by the families that the issue names; all others must work.
REFUSED = re.compile(r"RN\d+|convnext_|MobileCLIP2?-S\d|ViTamin-|swin_|vit_relpos_")
ARCHITECTURES = [name for name in open_clip.list_models() if "/" not in name]


def visual(architecture: str) -> nn.Module:
    config: dict[str, Any] = open_clip.get_model_config(architecture)
    settings = {**config["vision_cfg"], "timm_model_pretrained": False}
    built: nn.Module = _build_vision_tower(config["embed_dim"], CLIPVisionCfg(**settings))
    return built


def is_timm_s(architecture: str) -> bool:
    return "timm_model_name" in open_clip.get_model_config(architecture)["vision_cfg"]


def step_by_step(tower: nn.Module, frames: torch.Tensor) -> torch.Tensor:
    steps = known_tower(tower, "mine")
    x = run_blocks(steps.blocks, steps.embed(frames), None, plain_block, checkpointing=False)
    return steps.project(steps.pool(x))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_is_known_or_refused_by_name(architecture: str) -> None:
    with torch.device("meta"):
        tower = visual(architecture)
    if REFUSED.match(architecture):
        message = f"the visual tower of {architecture} is (timm|open_clip)'s .*: take a ViT such as ViT-B-16-quickgelu,"
        with pytest.raises(BackboneError, match=message):
            known_tower(tower, architecture)
        return
    known = known_tower(tower, architecture)
    width = known.blocks[0].width
    assert {block.width for block in known.blocks} == {width}
    assert width % known.blocks[0].n_heads == 0
    weight, bias = known.projection
    assert weight is None or weight.shape[1] == open_clip.get_model_config(architecture)["embed_dim"]
    assert bias is None or (weight is not None and bias.shape == weight.shape[1:])
    assert known.layout.n_tokens == known.embed(torch.zeros(1, 3, *_size(tower), device="meta")).shape[1]


def _size(tower: Any) -> tuple[int, int]:
    size = tower.image_size
    return (size, size) if isinstance(size, int) else tuple(size)


# One of each kind of timm's ViTs in open_clip: what differs is timm's model, how it pools, and its projection.
OF_TIMM: dict[tuple[str, str, str], str] = {}
for _name in ARCHITECTURES:
    if is_timm_s(_name) and not REFUSED.match(_name):
        _vision = open_clip.get_model_config(_name)["vision_cfg"]
        _kind = (_vision["timm_model_name"], str(_vision.get("timm_pool")), str(_vision.get("timm_proj")))
        OF_TIMM.setdefault(_kind, _name)


@pytest.mark.parametrize("architecture", OF_TIMM.values())
@torch.no_grad()
def test_timm_s_vits_at_a_small_size_are_their_own_forward(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timm's classes with the settings of the real model, but for depth, width and the number of patches."""
    vision = open_clip.get_model_config(architecture)["vision_cfg"]
    patch = 14 if "patch14" in vision["timm_model_name"] else 32 if "patch32" in vision["timm_model_name"] else 16
    small: dict[str, Any] = {"depth": 2, "img_size": 3 * patch}
    if "_mci_" not in vision["timm_model_name"]:  # whose stem has the width of the real model
        small |= {"embed_dim": 64, "num_heads": 4}
        if vision.get("timm_pool") == "map" and "_pe_" in vision["timm_model_name"]:
            small["attn_pool_num_heads"] = 4
    monkeypatch.setattr(timm, "create_model", partial(timm.create_model, **small))
    tower = visual(architecture).eval()
    torch.manual_seed(0)
    for parameter in tower.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))
    frames = torch.randn(2, 3, 3 * patch, 3 * patch)
    expected = tower(frames)
    assert expected.std() > 0.01
    assert_close(step_by_step(tower, frames), expected, atol=1e-5, rtol=1e-5)
    assert isinstance(known_tower(tower, "mine"), TimmViT)


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture",
    [
        "ViT-B-32-SigLIP2-256",
        "PE-Core-T-16-384",
        "EVA02-B-16",
        "MobileCLIP2-B",
        "vit_medium_patch16_gap_256",
        "ViT-S-32",
    ],
)
@torch.no_grad()
def test_one_of_each_family_in_full(architecture: str) -> None:
    tower = visual(architecture).eval()
    frames = torch.randn(1, 3, *_size(tower))
    expected = tower(frames)
    assert_close(step_by_step(tower, frames), expected, atol=1e-5, rtol=1e-5)


def test_open_clip_s_own_and_what_is_neither() -> None:
    with torch.device("meta"):
        assert isinstance(known_tower(visual("ViT-B-32"), "mine"), OpenClipViT)
        message = "the visual tower of mine is open_clip's ModifiedResNet, not a ViT; .*: take a ViT such as"
        with pytest.raises(BackboneError, match=message):
            known_tower(visual("RN50"), "mine")


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("convnext_tiny", "timm's ConvNeXt, not one of its ViTs of known parts"),
        ("ViTamin-S", "timm's VisionTransformer with overlapping convolutions before its blocks, a hybrid"),
        ("MobileCLIP-S1", "timm's FastVit, not one"),
    ],
)
def test_convolutional_and_hybrid_towers_are_refused_by_name(architecture: str, reason: str) -> None:
    with torch.device("meta"):
        tower = visual(architecture)
    with pytest.raises(BackboneError, match=f"the visual tower of {architecture} is {reason}"):
        known_tower(tower, architecture)
