from functools import partial

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from tests.makers.models.timm_kinds import KINDS, tiny_tower
from tests.reference import t2l_blocks
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import run_blocks
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.visual.timm_vit import TimmViT
from zsar.lightning_modules.t2l.adapted_blocks import AdaptedTextBlocks, AdaptedVisualBlocks
from zsar.lightning_modules.t2l.temporal_tokens import TemporalTokens

WIDTH, LAYERS, FRAMES = 96, 3, 4


@pytest.fixture
def backbone() -> OpenClipBackbone:
    return OpenClipBackbone("tiny-clip", "random").eval()


def visual_blocks(*, tokens: bool = True, adapters: bool = True, drop_rate: float = 0.0) -> AdaptedVisualBlocks:
    temporal = TemporalTokens(range(LAYERS), FRAMES, WIDTH, standard_deviation=0.5, dropout=0.0) if tokens else None
    blocks = AdaptedVisualBlocks(LAYERS, WIDTH, temporal_tokens=temporal, adapters=adapters, drop_rate=drop_rate)
    for module in blocks.modules():
        if isinstance(module, nn.Linear):  # adapters that do something
            nn.init.normal_(module.weight, std=0.1)
    return blocks


@pytest.mark.parametrize(("tokens", "adapters"), [(True, True), (True, False), (False, True)])
def test_visual_block_equals_the_equations(backbone: OpenClipBackbone, tokens: bool, adapters: bool) -> None:
    blocks = visual_blocks(tokens=tokens, adapters=adapters)
    x = torch.randn(2 * FRAMES, 17, WIDTH)
    raw_blocks = backbone.clip.visual.transformer.resblocks
    for layer, (block, raw) in enumerate(zip(backbone.visual_tower.blocks, raw_blocks, strict=True)):
        out = blocks(layer, block, x, None, n_frames=FRAMES)
        adapter = None if blocks.adapters is None else blocks.adapters[layer]
        own = None if blocks.temporal_tokens is None else blocks.temporal_tokens.tokens[layer]
        expected = torch.cat([t2l_blocks.visual_block(raw, video, own, adapter) for video in x.split(FRAMES)])
        assert out.shape == x.shape
        assert_close(out, expected, atol=1e-5, rtol=1e-4)


def test_text_block_equals_the_equations(backbone: OpenClipBackbone) -> None:
    blocks = AdaptedTextBlocks(2, 64, drop_rate=0.0)
    for adapter in blocks.adapters:
        nn.init.normal_(adapter.up.weight, std=0.1)
    x = torch.randn(3, 7, 64)
    mask = backbone.clip.attn_mask[:7, :7]
    for layer, (block, raw) in enumerate(zip(backbone.text.blocks, backbone.clip.transformer.resblocks, strict=True)):
        expected = torch.stack([t2l_blocks.text_block(raw, text, mask, blocks.adapters[layer]) for text in x])
        assert_close(blocks(layer, block, x, mask), expected, atol=1e-5, rtol=1e-4)


def test_new_parts_without_temporal_tokens_are_plain_clip(backbone: OpenClipBackbone) -> None:
    visual = AdaptedVisualBlocks(LAYERS, WIDTH, temporal_tokens=None, adapters=True, drop_rate=0.1).eval()
    text = AdaptedTextBlocks(2, 64, drop_rate=0.1).eval()
    frames = torch.randn(8, 3, 32, 32)
    tokens = backbone.tokenize(["a red circle", "a blue cross moving to the left"])
    adapted = backbone.encode_frames(frames, partial(visual, n_frames=FRAMES))
    assert_close(adapted, backbone.clip.encode_image(frames), atol=1e-5, rtol=0)
    assert_close(backbone.encode_text(tokens, text), backbone.clip.encode_text(tokens), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_new_parts_without_temporal_tokens_are_the_plain_tower_of_any_kind(kind: str) -> None:
    visual, frames = tiny_tower(kind), torch.randn(2 * FRAMES, 3, 16, 16)
    tower = TimmViT(visual, kind)
    width, n_layers = tower.blocks[0].width, len(tower.blocks)
    adapted = AdaptedVisualBlocks(n_layers, width, temporal_tokens=None, adapters=True, drop_rate=0.1).eval()
    run = partial(adapted, n_frames=FRAMES)
    x = run_blocks(tower.blocks, tower.embed(frames), None, run, checkpointing=False)
    assert_close(tower.project(tower.pool(x)), visual(frames), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_temporal_tokens_link_the_frames_of_any_kind_of_tower(kind: str) -> None:
    """The frames of a video see each other, other videos do not; without rotation only P tells their order."""
    tower = TimmViT(tiny_tower(kind), kind)
    tokens = TemporalTokens(range(2), FRAMES, tower.blocks[0].width, standard_deviation=0.5, dropout=0.0)
    adapted = AdaptedVisualBlocks(
        2, tower.blocks[0].width, temporal_tokens=tokens, adapters=False, drop_rate=0.0
    ).eval()
    run = partial(adapted, 0, tower.blocks[0], mask=None, n_frames=FRAMES)
    x = tower.embed(torch.randn(2 * FRAMES, 3, 16, 16))
    changed = torch.cat([tower.embed(torch.randn(1, 3, 16, 16)), x[1:]])
    difference = (run(changed) - run(x)).abs().amax(dim=(1, 2))
    assert (difference[:FRAMES] > 1e-6).all()
    assert difference[FRAMES:].max() < 1e-6
    tokens.tokens.copy_(tokens.tokens[:, :1].expand_as(tokens.tokens))  # P[l] the same for each frame
    assert_close(run(x.flip(0)).flip(0), run(x), atol=1e-5, rtol=1e-5)


def test_videos_do_not_see_each_other(backbone: OpenClipBackbone) -> None:
    blocks = visual_blocks()
    run = partial(blocks, 0, backbone.visual_tower.blocks[0], mask=None, n_frames=FRAMES)
    x = torch.randn(2 * FRAMES, 17, WIDTH)
    other = torch.cat([x[:FRAMES], torch.randn(FRAMES, 17, WIDTH)])
    assert_close(run(x)[:FRAMES], run(other)[:FRAMES])


def test_frames_see_each_other_and_their_order(backbone: OpenClipBackbone) -> None:
    blocks = visual_blocks()
    run = partial(blocks, 0, backbone.visual_tower.blocks[0], mask=None, n_frames=FRAMES)
    x = torch.randn(FRAMES, 17, WIDTH)
    assert (run(x.flip(0)).flip(0) - run(x)).abs().max() > 1e-3


def test_drop_path_keeps_or_drops_all_frames_of_a_video(backbone: OpenClipBackbone) -> None:
    blocks = visual_blocks(tokens=False, adapters=False, drop_rate=0.99).train()
    frame = torch.randn(1, 17, WIDTH)
    x = frame.repeat(64 * FRAMES, 1, 1)
    last = LAYERS - 1
    blocks.drop_rates = (0.0, 0.0, 0.5)
    out = blocks(last, backbone.visual_tower.blocks[last], x, None, n_frames=FRAMES).unflatten(0, (64, FRAMES))
    # Attention dropout differs from frame to frame, but a dropped branch leaves a frame untouched in all frames alike.
    untouched = (out == frame).all(dim=(2, 3))
    assert untouched.any()
    assert (untouched == untouched[:, :1]).all()


def test_drop_rates_rise_linearly_from_zero() -> None:
    assert visual_blocks(drop_rate=0.1).drop_rates == pytest.approx((0.0, 0.05, 0.1))


def test_drop_rate_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="below 1; got 1"):
        visual_blocks(drop_rate=1.0)
