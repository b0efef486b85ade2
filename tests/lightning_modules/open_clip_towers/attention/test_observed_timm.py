from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.models.timm_towers import timm_config
from tests.reference.attention_weights import timm_tower_weights
from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

VITS = {
    "token": ("test_vit", TokenLayout(1, 0, (10, 10), "token")),
    "avg": ("test_vit2", TokenLayout(0, 1, (10, 10), "average")),
    "map": ("test_vit3", TokenLayout(0, 1, (10, 10), "attention", pools_all=True)),
}


@pytest.fixture
def frames() -> Tensor:
    torch.manual_seed(2)
    return torch.randn(2, 3, 160, 160)


@pytest.mark.parametrize("pool", VITS)
def test_the_attention_of_timm_s_vits_is_softmax_qk(pool: str, frames: Tensor, tmp_path: Path) -> None:
    name, layout = VITS[pool]
    backbone = OpenClipBackbone(str(timm_config(tmp_path, model=name, pool=pool)), "random").eval()
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(frames)
        expected = [timm_tower_weights(backbone.clip.visual.trunk, frame) for frame in frames]
    assert record.tokens == layout
    for layer, weights in enumerate(record.layers):
        assert_close(weights, torch.stack([layers[layer] for layers, _ in expected]))
    pooled = record.of_pooled_token()
    assert pooled.shape == (2, record.layers[0].shape[1], 101)
    assert_close(pooled.sum(dim=2), torch.ones(pooled.shape[:2]))
    if pool == "map":
        assert_close(pooled, torch.stack([weights[:, 0] for _, weights in expected if weights is not None]))
    else:
        rows = slice(0, 1) if pool == "token" else slice(1, None)
        assert_close(pooled, torch.stack([layers[-1][:, rows].mean(dim=1) for layers, _ in expected]))


def test_tokens_that_are_not_pooled_have_no_part_in_attention_pooling(frames: Tensor, tmp_path: Path) -> None:
    backbone = OpenClipBackbone(str(timm_config(tmp_path, model="test_vit3", pool="map")), "random").eval()
    backbone.clip.visual.trunk.pool_include_prefix = False
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(frames)
    pooled = record.of_pooled_token()
    assert record.pool is not None
    assert record.pool.shape[-1] == 100
    assert pooled[:, :, 0].abs().max() == 0
    assert_close(pooled[:, :, 1:], record.pool[:, :, 0])


@pytest.mark.parametrize("pool", VITS)
def test_embeddings_are_the_same_when_observed(pool: str, frames: Tensor, tmp_path: Path) -> None:
    config = timm_config(tmp_path, model=VITS[pool][0], pool=pool)
    backbone = OpenClipBackbone(str(config), "random").eval()
    with torch.no_grad():
        plain = backbone.encode_frames(frames)
        with backbone.observed_attention():
            assert_close(backbone.encode_frames(frames), plain)
        assert_close(backbone.encode_frames(frames), plain, atol=0, rtol=0)


def test_registers_are_told_from_the_class_token(tmp_path: Path, frames: Tensor) -> None:
    config = timm_config(tmp_path, model="test_vit4", pool="avg")
    backbone = OpenClipBackbone(str(config), "random").eval()
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(frames)
    trunk = backbone.clip.visual.trunk
    assert (record.tokens.n_class_tokens, record.tokens.n_registers) == (0, trunk.num_reg_tokens)
    assert trunk.num_reg_tokens > 0


@pytest.mark.parametrize("model", ["test_resnet", "test_convnext"])
def test_a_tower_without_attention_is_named(model: str, tmp_path: Path, frames: Tensor) -> None:
    backbone = OpenClipBackbone(str(timm_config(tmp_path, model=model, pool="avg")), "random").eval()
    error = r"json is a \w+, which has no attention over patches to show; take a ViT such as"
    with torch.no_grad(), backbone.observed_attention(), pytest.raises(BackboneError, match=error):
        backbone.encode_frames(frames)


def test_blocks_that_do_not_call_pytorch_s_function_are_named(tmp_path: Path, frames: Tensor) -> None:
    backbone = OpenClipBackbone(str(timm_config(tmp_path)), "random").eval()
    for block in backbone.clip.visual.trunk.blocks:
        block.attn.fused_attn = False  # as TIMM_FUSED_ATTN=0 has it
    with torch.no_grad(), backbone.observed_attention(), pytest.raises(BackboneError, match="unset TIMM_FUSED_ATTN"):
        backbone.encode_frames(frames)
