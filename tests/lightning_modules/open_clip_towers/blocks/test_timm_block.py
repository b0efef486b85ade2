from typing import Any

import pytest
import torch
from timm.models.vision_transformer import ParallelScalingBlock, ResPostBlock
from torch import Tensor, nn
from torch.testing import assert_close

from tests.makers.models.timm_kinds import EVAS, KINDS, ROTARY, WIDTH, tiny_tower
from tests.reference.timm_blocks import attention_of, weighted
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord
from zsar.lightning_modules.open_clip_towers.blocks.timm_block import TimmBlock, unknown_block
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import run_blocks
from zsar.lightning_modules.open_clip_towers.visual.timm_vit import TimmViT

COMPLEX = [kind for kind in ROTARY if kind not in ("rotation-by-halves", "rotation-of-each-layer")]


def blocks_and_tokens(kind: str) -> tuple[list[TimmBlock], Tensor]:
    tower = TimmViT(tiny_tower(kind), kind)
    return list(tower.blocks), tower.embed(torch.randn(3, 3, 16, 16))


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_the_halves_make_the_block(kind: str) -> None:
    blocks, x = blocks_and_tokens(kind)
    for block in blocks:
        assert (block.width, block.n_heads) == (WIDTH, 4)
        half = x + block.attend(x, None)
        whole = block(x)
        assert_close(half + block.feed_forward(half), whole, atol=1e-5, rtol=1e-5)
        x = whole


@pytest.mark.parametrize("kind", COMPLEX)
@torch.no_grad()
def test_attention_is_that_of_the_equations(kind: str) -> None:
    """With a temporal token at the end, which is not rotated."""
    blocks, x = blocks_and_tokens(kind)
    trunk: Any = tiny_tower(kind).trunk
    rotation, raw = trunk.rope.get_embed(shape=(4, 4)), trunk.blocks[0]
    x = torch.cat([x, torch.randn(3, 1, WIDTH)], dim=1)
    record = AttentionRecord(gradient=False)
    attended = blocks[0].observed(0, record).attend(x, None, kind="tokens_and_temporal")
    for i, tokens in enumerate(x):
        weights, values = attention_of(raw, raw.norm1(tokens), rotation, trunk.num_prefix_tokens)
        assert_close(record.layers[0][i], weights, atol=1e-5, rtol=1e-5)
        expected = raw.attn.proj(raw.attn.norm(weighted(weights, values)))
        expected = expected if raw.gamma_1 is None else raw.gamma_1 * expected
        assert_close(attended[i], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", COMPLEX)
@torch.no_grad()
def test_the_frames_of_a_video_are_not_rotated(kind: str) -> None:
    """As many frames as the tower has tokens, so that their number cannot tell."""
    blocks, tokens = blocks_and_tokens(kind)
    raw: Any = tiny_tower(kind).trunk.blocks[0]
    frames = torch.randn(2, tokens.shape[1], WIDTH)
    attended = blocks[0].attend(frames, None, kind="frames")
    for i, of_video in enumerate(frames):
        weights, values = attention_of(raw, raw.norm1(of_video), None, 0)
        expected = raw.attn.proj(raw.attn.norm(weighted(weights, values)))
        expected = expected if raw.gamma_1 is None else raw.gamma_1 * expected
        assert_close(attended[i], expected, atol=1e-5, rtol=1e-5)
    # Without places, the order of frames is nothing to attention; with them it would be.
    assert_close(blocks[0].attend(frames.flip(1), None, kind="frames").flip(1), attended, atol=1e-5, rtol=1e-5)
    assert (blocks[0].attend(frames.flip(1), None).flip(1) - blocks[0].attend(frames, None)).abs().max() > 1e-4


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_a_tower_with_a_token_that_nobody_attends_to_is_the_tower(kind: str) -> None:
    visual = tiny_tower(kind)
    tower, frames = TimmViT(visual, kind), torch.randn(3, 3, 16, 16)

    def with_a_token(layer: int, block: Any, x: Tensor, mask: Tensor | None) -> Tensor:
        token = 3 * torch.randn(len(x), 1, x.shape[-1])
        hidden = torch.zeros(x.shape[1] + 1, x.shape[1] + 1)
        hidden[:-1, -1] = -torch.inf  # the token itself may see all
        with_it = torch.cat([x, token], dim=1)
        x = (with_it + block.attend(with_it, hidden, kind="tokens_and_temporal"))[:, :-1]
        return x + block.feed_forward(x)

    x = run_blocks(tower.blocks, tower.embed(frames), None, with_a_token, checkpointing=False)
    assert_close(tower.project(tower.pool(x)), visual(frames), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_behind_a_prefix_tokens_see_it_as_tokens_without_a_place(kind: str) -> None:
    """Two groups of two sequences; the same tokens after the tower's, which no other token sees, have the same place."""
    blocks, x = blocks_and_tokens(kind)
    x, prefix = x[:2].repeat(2, 1, 1), torch.randn(2, 3, WIDTH)
    behind = blocks[0].attend(x, None, prefix=prefix)
    together = torch.cat([x, prefix.repeat_interleave(2, dim=0)], dim=1)
    assert_close(behind, blocks[0].attend(together, None)[:, :-3], atol=1e-5, rtol=1e-5)


def test_dropout_of_the_module_s_own_is_that_of_training() -> None:
    block: Any = tiny_tower("stochastic-depth", drop_path_rate=0.0, proj_drop_rate=0.0).trunk.blocks[1]
    x = torch.randn(1, 17, WIDTH)
    with torch.no_grad():
        assert torch.equal(TimmBlock(block).attend(x, None), TimmBlock(block).attend(x, None))
        block.train()
        mean = TimmBlock(block).attend(x.expand(2000, -1, -1), None).mean(dim=0, keepdim=True)
        block.eval()
        assert_close(mean, TimmBlock(block).attend(x, None), atol=0.15, rtol=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_known_and_a_part_more_is_named(kind: str) -> None:
    block = tiny_tower(kind).trunk.blocks[0]  # type: ignore[union-attr, index, operator]
    assert isinstance(block, nn.Module)
    assert unknown_block(block) is None
    block.register_parameter("lambda_1", nn.Parameter(torch.zeros(1)))
    assert unknown_block(block) == f"a part 'lambda_1' in its {type(block).__name__}"


@pytest.mark.parametrize("kind", [ParallelScalingBlock, ResPostBlock])
def test_other_blocks_are_named(kind: type[nn.Module]) -> None:
    assert unknown_block(kind(16, 2)) == f"blocks of kind {kind.__name__}"


def test_an_unknown_attention_is_that_of_the_block() -> None:
    block = tiny_tower("eva01").trunk.blocks[0]  # type: ignore[union-attr, index, operator]
    assert isinstance(block, nn.Module)
    block.attn = nn.MultiheadAttention(16, 2)
    assert unknown_block(block) == "attention of kind MultiheadAttention"
    assert set(EVAS) <= set(KINDS)
