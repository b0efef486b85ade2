from types import SimpleNamespace
from typing import Any

import pytest
import torch
from timm.layers import Attention, AttentionRope, DiffAttention
from timm.models.eva import EvaAttention
from torch import nn
from torch.testing import assert_close

from tests.makers.models.timm_kinds import EVAS, ROTARY, VITS, tiny_tower
from tests.reference.timm_blocks import queries_keys_values, turned
from zsar.lightning_modules.open_clip_towers.blocks.timm_attention import (
    projected,
    rotated,
    unknown_attention,
    unknown_part,
)


def test_a_quarter_turn_by_hand() -> None:
    """A class token, patches at 0 and 90 degrees, and a temporal token: only the second patch turns, (x, y) -> (-y, x)."""
    sines_and_cosines = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]])
    tokens = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])[None, None]
    attention = SimpleNamespace(num_prefix_tokens=1)
    expected = torch.tensor([[1.0, 2.0], [3.0, 4.0], [-6.0, 5.0], [7.0, 8.0]])
    assert_close(rotated(attention, tokens, sines_and_cosines)[0, 0], expected)


@pytest.mark.parametrize(
    "kind", [kind for kind in ROTARY if kind not in ("rotation-by-halves", "rotation-of-each-layer")]
)
def test_patches_turn_as_complex_numbers(kind: str) -> None:
    trunk: Any = tiny_tower(kind).trunk
    attention, rotation = trunk.blocks[0].attn, trunk.rope.get_embed(shape=(4, 4))
    n_prefix = trunk.num_prefix_tokens
    tokens = torch.randn(1, 4, n_prefix + 16 + 1, 12)
    out = rotated(attention, tokens, rotation)
    patches = tokens[0].transpose(0, 1).flatten(1)[n_prefix:-1]
    assert_close(out[0].transpose(0, 1).flatten(1)[n_prefix:-1], turned(patches, rotation, 4))
    assert torch.equal(out[:, :, :n_prefix], tokens[:, :, :n_prefix])
    assert torch.equal(out[:, :, -1], tokens[:, :, -1])
    assert_close(out.norm(dim=-1), tokens.norm(dim=-1))


@pytest.mark.parametrize("kind", [kind for kind in (*VITS, *EVAS) if kind != "norms-everywhere"])
def test_queries_keys_and_values_are_those_of_the_raw_weights(kind: str) -> None:
    attention: Any = tiny_tower(kind).trunk.blocks[0].attn
    x = torch.randn(2, 5, 48)
    for mine, i in zip(projected(attention, x), range(3), strict=True):
        expected = torch.stack([queries_keys_values(attention, sequence)[i] for sequence in x])
        assert_close(mine.transpose(1, 2).flatten(2), expected, atol=1e-5, rtol=1e-5)


def test_heads_may_share_keys_and_values() -> None:
    attention = AttentionRope(16, num_heads=4, num_kv_heads=2, qkv_fused=False).eval()
    q, k, v = projected(attention, torch.randn(3, 5, 16))
    assert q.shape == k.shape == v.shape == (3, 4, 5, 4)
    assert torch.equal(k[:, 0], k[:, 1])
    assert torch.equal(v[:, 2], v[:, 3])
    assert not torch.equal(k[:, 1], k[:, 2])


@pytest.mark.parametrize("made", [Attention(16, 4), AttentionRope(16, 4), EvaAttention(16, 4, scale_norm=False)])
def test_known_attention_with_a_part_more_is_refused_by_its_name(made: nn.Module) -> None:
    assert unknown_attention(made) is None
    made.gate = nn.Linear(16, 16)  # as timm's argument `gated` makes it
    assert unknown_attention(made) == f"a part 'gate' in its {type(made).__name__}"


def test_other_attention_is_refused_by_its_name() -> None:
    assert unknown_attention(DiffAttention(16, 4)) == "attention of kind DiffAttention"


def test_parts_are_modules_parameters_and_buffers_that_are_there() -> None:
    module = nn.Module()
    module.register_parameter("none", None)
    module.known = nn.Identity()
    assert unknown_part(module, {"known"}) is None
    module.register_buffer("table", torch.zeros(1))
    assert unknown_part(module, {"known"}) == "table"
