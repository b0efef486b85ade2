from typing import Any

import pytest
import torch
from open_clip.transformer import CustomResidualAttentionBlock, ResidualAttentionBlock, Transformer
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.blocks.open_clip_block import OpenClipBlock, open_clip_blocks
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block, run_blocks
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def block() -> ResidualAttentionBlock:
    torch.manual_seed(1)
    made = ResidualAttentionBlock(16, 2, ls_init_value=0.5)
    nn.init.normal_(made.attn.in_proj_bias)
    return made.eval()


def causal(length: int) -> Tensor:
    return torch.full((length, length), -torch.inf).triu(1)


def test_the_halves_make_the_block() -> None:
    x, mask = torch.randn(3, 5, 16), causal(5)
    whole = block()
    half = x + OpenClipBlock(whole).attend(x, mask)
    torch.testing.assert_close(
        half + OpenClipBlock(whole).feed_forward(half), whole(x, attn_mask=mask), atol=1e-6, rtol=1e-5
    )


def test_behind_a_shared_prefix_tokens_are_what_they_are_in_the_whole_sequence() -> None:
    """Two groups of three sequences; those of a group begin with the same two tokens."""
    prefix, own = torch.randn(2, 2, 16), torch.randn(6, 4, 16)
    sequences = torch.cat([prefix.repeat_interleave(3, dim=0), own], dim=1)
    mask, layer = causal(6), block()
    expected = layer(sequences, attn_mask=mask)
    behind = plain_block(0, OpenClipBlock(layer), own, mask[2:], prefix)
    assert behind.shape == own.shape
    torch.testing.assert_close(behind, expected[:, 2:], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(
        plain_block(0, OpenClipBlock(layer), prefix, mask[:2, :2]), expected[::3, :2], atol=1e-6, rtol=1e-5
    )


def test_the_prefix_gets_the_gradient_of_all_its_sequences() -> None:
    prefix, own = torch.randn(1, 2, 16, requires_grad=True), torch.randn(3, 4, 16)
    (shared,) = torch.autograd.grad(OpenClipBlock(block()).attend(own, None, prefix=prefix).sum(), prefix)
    each = [
        torch.autograd.grad(OpenClipBlock(block()).attend(own[i : i + 1], None, prefix=prefix).sum(), prefix)[0]
        for i in range(3)
    ]
    torch.testing.assert_close(shared, sum(each), atol=1e-5, rtol=1e-5)


def test_blocks_run_one_after_another_and_alike_with_checkpointing() -> None:
    blocks, mask = [block(), block()], causal(5)
    x = torch.randn(2, 5, 16, requires_grad=True)
    outputs = [
        run_blocks([OpenClipBlock(made) for made in blocks], x, mask, plain_block, checkpointing=on)
        for on in (False, True)
    ]
    assert torch.equal(outputs[0], blocks[1](blocks[0](x, attn_mask=mask), attn_mask=mask))
    assert torch.equal(*outputs)
    gradients = [torch.autograd.grad(y.sum(), x)[0] for y in outputs]
    torch.testing.assert_close(*gradients)


def test_other_blocks_are_refused_by_name() -> None:
    made: Any = Transformer(width=16, layers=1, heads=2)
    assert len(open_clip_blocks(made, "mine", "text")) == 1
    made.resblocks = nn.ModuleList([CustomResidualAttentionBlock(16, 2)])
    with pytest.raises(BackboneError, match="the text blocks of mine are CustomResidualAttentionBlock"):
        open_clip_blocks(made, "mine", "text")
