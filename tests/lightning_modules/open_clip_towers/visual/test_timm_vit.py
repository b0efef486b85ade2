from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.models.timm_kinds import GRID, KINDS, tiny_tower
from tests.makers.models.timm_towers import timm_config
from tests.reference.attention_weights import timm_tower_weights
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, TokenLayout
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block, run_blocks
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.visual.timm_vit import TimmViT
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

LAYOUTS = {
    "siglip": TokenLayout(0, 0, GRID, "attention"),
    "mobileclip": TokenLayout(1, 0, GRID, "token"),
    "made-for-another-size": TokenLayout(1, 0, GRID, "token"),
    "rotation-made-for-another-size": TokenLayout(1, 0, GRID, "average"),
    "averaged": TokenLayout(0, 0, GRID, "average"),
    "averaged-with-registers": TokenLayout(0, 2, GRID, "average"),
    "pooled-with-prefix": TokenLayout(1, 2, GRID, "attention", pools_all=True),
    "pooled-without-prefix": TokenLayout(1, 2, GRID, "attention"),
    "pe": TokenLayout(1, 0, GRID, "attention", pools_all=True),
    "pe-without-class-token": TokenLayout(0, 0, GRID, "attention", pools_all=True),
    "rotation-of-each-layer": TokenLayout(1, 2, GRID, "average"),
}


def frames() -> Tensor:
    torch.manual_seed(2)
    return torch.randn(3, 3, 16, 16)


def halves(layer: int, block: object, x: Tensor, mask: Tensor | None) -> Tensor:
    """A block as methods run it."""
    x = x + block.attend(x, mask)  # type: ignore[attr-defined]
    return x + block.feed_forward(x)  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_step_by_step_a_tower_is_its_own_forward(kind: str) -> None:
    visual, given = tiny_tower(kind), frames()
    tower, expected = TimmViT(visual, kind), visual(given)
    assert expected.std() > 0.01
    for way in (plain_block, halves):
        x = run_blocks(tower.blocks, tower.embed(given), None, way, checkpointing=False)
        assert_close(tower.project(tower.pool(x)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_its_own_forward_also_when_blocks_are_recomputed(kind: str) -> None:
    visual, given, gradients = tiny_tower(kind), frames(), []
    for checkpointing in (None, False, True):
        visual.zero_grad()
        tower = TimmViT(visual, kind)
        if checkpointing is None:
            out = visual(given)
        else:
            x = run_blocks(tower.blocks, tower.embed(given), None, halves, checkpointing=checkpointing)
            out = tower.project(tower.pool(x))
        out.square().sum().backward()
        gradients.append([None if p.grad is None else p.grad.clone() for p in visual.parameters()])
    assert_close(gradients[1], gradients[0], atol=1e-4, rtol=1e-4)
    assert_close(gradients[2], gradients[1], atol=0, rtol=0)
    assert sum(gradient is not None for gradient in gradients[0]) > 20


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_an_observed_tower_embeds_alike_and_has_the_attention_of_all_tokens(kind: str) -> None:
    visual, given = tiny_tower(kind), frames()
    tower, record = TimmViT(visual, kind), AttentionRecord(gradient=False)
    assert LAYOUTS.get(kind, tower.layout) == tower.layout
    blocks = [block.observed(layer, record) for layer, block in enumerate(tower.blocks)]
    x = run_blocks(blocks, tower.embed(given), None, plain_block, checkpointing=False)
    embeddings = tower.project(tower.pool(x, record))
    record.finish(tower.layout)
    assert_close(embeddings, visual(given), atol=1e-5, rtol=1e-5)
    assert [weights.shape for weights in record.layers] == [(3, 4, x.shape[1], x.shape[1])] * 2
    pooled = record.of_pooled_token()
    assert_close(pooled.sum(dim=-1), torch.ones(3, 4))
    if tower.layout.pooling == "attention" and not tower.layout.pools_all:
        assert pooled[..., : tower.layout.n_prefix].abs().max() == 0 if tower.layout.n_prefix else True


def test_the_pooled_is_what_the_projection_is_multiplied_with() -> None:
    """Timm's head and open_clip's, with and without a bias; the last layer of an MLP; nothing for SigLIP."""
    shapes = {
        "mobileclip": ((48, 20), (20,)),
        "linear": ((48, 20), None),
        "mlp": ((40, 20), None),
        "siglip": (None, None),
    }
    for kind, (of_weight, of_bias) in shapes.items():
        weight, bias = TimmViT(tiny_tower(kind), kind).projection
        assert (None if weight is None else tuple(weight.shape)) == of_weight
        assert (None if bias is None else tuple(bias.shape)) == of_bias


def test_a_projection_is_the_parameter_itself() -> None:
    visual = tiny_tower("linear")
    weight, _ = TimmViT(visual, "mine").projection
    assert weight is not None
    assert weight.data_ptr() == visual.head[1].weight.data_ptr()  # type: ignore[union-attr]


@pytest.mark.parametrize("pool", ["max", "avgmax"])
@torch.no_grad()
def test_poolings_without_a_map_run_all_the_same(pool: str) -> None:
    visual, given = tiny_tower("mobileclip", global_pool=pool), frames()
    tower = TimmViT(visual, "mine")
    x = run_blocks(tower.blocks, tower.embed(given), None, plain_block, checkpointing=False)
    assert_close(tower.project(tower.pool(x)), visual(given))
    with pytest.raises(
        BackboneError, match="mine pools its tokens in a way whose attention zsar does not know; take a"
    ):
        _ = tower.layout


@torch.no_grad()
def test_a_tower_that_does_not_pool_is_refused() -> None:
    tower = TimmViT(tiny_tower("mobileclip", global_pool=""), "mine")
    with pytest.raises(BackboneError, match=r"mine pools a frame to \[17, 48\] numbers, not to one vector; take a ViT"):
        tower.pool(tower.embed(frames()))


# --- attention against a plain restatement, on timm's own test models -------------------------------------------------

VITS = {
    "token": ("test_vit", TokenLayout(1, 0, (10, 10), "token")),
    "avg": ("test_vit2", TokenLayout(0, 1, (10, 10), "average")),
    "map": ("test_vit3", TokenLayout(0, 1, (10, 10), "attention", pools_all=True)),
}


@pytest.mark.parametrize("pool", VITS)
def test_the_attention_of_timm_s_vits_is_softmax_qk(pool: str, tmp_path: Path) -> None:
    name, layout = VITS[pool]
    given = torch.randn(2, 3, 160, 160)
    backbone = OpenClipBackbone(str(timm_config(tmp_path, model=name, pool=pool)), "random").eval()
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(given)
        expected = [timm_tower_weights(backbone.clip.visual.trunk, frame) for frame in given]
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


def test_blocks_that_do_not_call_pytorch_s_attention_are_observed_too(tmp_path: Path) -> None:
    backbone = OpenClipBackbone(str(timm_config(tmp_path)), "random").eval()
    for block in backbone.clip.visual.trunk.blocks:
        block.attn.fused_attn = False  # as TIMM_FUSED_ATTN=0 has it
    given = torch.randn(2, 3, 160, 160)
    with torch.no_grad():
        plain = backbone.encode_frames(given)
        with backbone.observed_attention():
            assert_close(backbone.encode_frames(given), plain, atol=1e-5, rtol=1e-5)
