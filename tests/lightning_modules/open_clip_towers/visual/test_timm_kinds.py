from typing import Any

import pytest
import torch
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import ParallelScalingBlock
from torch import nn

from tests.makers.models.timm_kinds import KINDS, TinyTower, tiny_tower
from zsar.lightning_modules.open_clip_towers.visual.timm_kinds import unknown_tower


@pytest.mark.parametrize("kind", KINDS)
def test_a_tower_is_known_until_it_has_a_part_more(kind: str) -> None:
    tower: Any = tiny_tower(kind)
    assert unknown_tower(tower) is None
    tower.trunk.dist_token = nn.Parameter(torch.zeros(1))
    assert (
        unknown_tower(tower)
        == f"timm's {type(tower.trunk).__name__} with a part 'dist_token', which zsar does not know"
    )


def test_a_subclass_may_do_anything() -> None:
    trunk = VisionTransformerDistilled(img_size=16, patch_size=4, embed_dim=16, depth=1, num_heads=2)
    assert str(unknown_tower(TinyTower(trunk, nn.Sequential()))).startswith(
        "timm's VisionTransformerDistilled, not one"
    )


def test_blocks_of_another_kind_are_named() -> None:
    tower = tiny_tower("mobileclip", block_fn=ParallelScalingBlock)
    assert unknown_tower(tower) == "timm's VisionTransformer with blocks of kind ParallelScalingBlock"


def test_tokens_must_be_of_patches() -> None:
    tower: Any = tiny_tower("mobileclip")
    tower.trunk.patch_embed.proj = nn.Conv2d(3, 48, 6, stride=4, padding=1)
    assert str(unknown_tower(tower)).endswith("with overlapping convolutions before its blocks, a hybrid")


def test_rotary_positions_of_dropped_patches_are_refused_but_other_patch_dropout_is_not() -> None:
    error = str(unknown_tower(tiny_tower("pe", patch_drop_rate=0.5)))
    assert error.startswith("timm's Eva with rotary positions and a patch dropout of 0.5")
    assert unknown_tower(tiny_tower("eva01", patch_drop_rate=0.5)) is None
    assert unknown_tower(tiny_tower("mobileclip", patch_drop_rate=0.5)) is None


@pytest.mark.parametrize("parts", [[nn.Linear(20, 4)], [nn.Dropout(), nn.Linear(20, 4)], [nn.ReLU()]])
def test_other_heads_are_named(parts: list[nn.Module]) -> None:
    tower = tiny_tower("mobileclip")  # which has a head of timm's already
    tower.head = nn.Sequential(*parts)
    kinds = " and ".join(type(part).__name__ for part in parts)
    assert unknown_tower(tower) == f"timm's VisionTransformer with a head of {kinds}"


def test_a_head_of_timm_s_that_is_not_linear_is_named() -> None:
    tower: Any = tiny_tower("siglip")
    tower.trunk.head = nn.Bilinear(2, 2, 2)
    assert unknown_tower(tower) == "timm's VisionTransformer with a head of kind Bilinear"
