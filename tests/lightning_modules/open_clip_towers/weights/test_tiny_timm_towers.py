"""The tiny towers have what the real ones have."""

import pytest
import timm
import torch
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.weights import tiny_timm_towers

FAMILIES = {  # ours, the real one that it follows
    "zsar_tiny_siglip": "vit_base_patch16_siglip_224",
    "zsar_tiny_pe": "vit_pe_core_base_patch16_224",
    "zsar_tiny_eva": "eva02_base_patch16_clip_224",
}


@pytest.mark.parametrize(("ours", "real"), FAMILIES.items())
def test_a_tiny_tower_has_the_modules_and_the_kinds_of_weights_of_the_real_one(ours: str, real: str) -> None:
    tiny = timm.create_model(ours)
    with torch.device("meta"):
        whole = timm.create_model(real, num_classes=0)
    assert kinds(tiny) == {name: kind for name, kind in kinds(whole).items() if not name.startswith(LATER_BLOCKS)}
    assert not [name for name in tiny.state_dict() if name not in whole.state_dict()]
    assert settings(tiny) == settings(whole)


LATER_BLOCKS = tuple(f"blocks.{layer}" for layer in range(3, 12))


def kinds(tower: nn.Module) -> dict[str, type[nn.Module]]:
    """The class of each module; an identity is one that is switched off."""
    return {name: type(module) for name, module in tower.named_modules()}


def settings(tower: nn.Module) -> dict[str, object]:
    """Switches and names of all modules, small numbers in their norms, and how much wider an MLP is."""
    found: dict[str, object] = {}
    for name, module in tower.named_modules():
        if name.startswith(LATER_BLOCKS):
            continue
        switches = {key: value for key, value in vars(module).items() if isinstance(value, bool | str)}
        found[name] = {**switches, "eps": getattr(module, "eps", None)}
        if name.endswith("mlp.fc2"):
            found[f"{name}, ratio"] = round(module.in_features / module.out_features, 2)
    return found


def test_names_are_known_to_timm_once() -> None:
    assert set(FAMILIES) <= set(timm.list_models("zsar_*"))
    assert set(tiny_timm_towers.default_cfgs) == set(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_tower_turns_frames_of_32_px_into_vectors_of_width_96(name: str) -> None:
    tower = timm.create_model(name).eval()
    pooled: Tensor = tower(torch.randn(2, 3, 32, 32))
    assert pooled.shape == (2, 96)
    assert isinstance(tower, VisionTransformer if name == "zsar_tiny_siglip" else Eva)
    assert len(tower.blocks) == 3
    assert tower.patch_embed.grid_size == (4, 4)
    assert sum(parameter.numel() for parameter in tower.parameters()) < 600_000
