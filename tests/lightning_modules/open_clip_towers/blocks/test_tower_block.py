import torch
from open_clip.transformer import ResidualAttentionBlock
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord
from zsar.lightning_modules.open_clip_towers.blocks.open_clip_block import OpenClipBlock
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block


def test_it_does_what_the_block_does_and_notes_its_weights() -> None:
    block = ResidualAttentionBlock(16, 2, ls_init_value=0.5).eval()
    record = AttentionRecord(gradient=False)
    observed, x = OpenClipBlock(block).observed(0, record), torch.randn(3, 5, 16)
    mask = torch.full((5, 5), -torch.inf).triu(1)
    assert_close(plain_block(0, observed, x, mask), block(x, attn_mask=mask))
    assert record.layers[0].shape == (3, 2, 5, 5)
    assert_close(record.layers[0].sum(dim=-1), torch.ones(3, 2, 5))
    assert record.layers[0].triu(1).abs().max() == 0


def test_observing_a_block_leaves_the_block_as_it_was() -> None:
    record, block = AttentionRecord(gradient=False), OpenClipBlock(ResidualAttentionBlock(16, 2))
    block.observed(0, record)
    block(torch.randn(1, 5, 16))
    assert record.layers == []


def test_dropout_is_of_the_values_not_of_the_record() -> None:
    record = AttentionRecord(gradient=False)
    observed = OpenClipBlock(ResidualAttentionBlock(16, 2)).observed(0, record)
    x = torch.randn(1, 5, 16)
    first = observed.attend(x, None, dropout=0.5, kind="tokens")
    second = observed.attend(x, None, dropout=0.5, kind="frames")
    assert (first - second).abs().max() > 0
    assert_close(record.layers[0], record.frames[0])
