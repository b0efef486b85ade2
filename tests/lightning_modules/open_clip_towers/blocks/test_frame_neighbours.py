import math

import pytest
import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor
from torch.testing import assert_close

from tests.reference.open_vclip import neighbour_attention
from zsar.lightning_modules.open_clip_towers.blocks.frame_neighbours import given_to_frames, with_neighbours
from zsar.lightning_modules.open_clip_towers.blocks.open_clip_block import OpenClipBlock


def block() -> ResidualAttentionBlock:
    made = ResidualAttentionBlock(16, 2).eval().requires_grad_(False)
    torch.nn.init.normal_(made.attn.in_proj_weight, std=0.5)
    torch.nn.init.normal_(made.attn.in_proj_bias)
    return made


def test_neighbours_by_hand() -> None:
    """Two clips of three frames with one token of one number: 1 2 3 and 4 5 6."""
    tokens = torch.arange(1.0, 7.0).view(6, 1, 1, 1)
    found = with_neighbours(tokens, 3)
    assert found.shape == (6, 1, 3, 1)
    expected = [[0, 1, 2], [1, 2, 3], [0, 2, 3], [0, 4, 5], [4, 5, 6], [0, 5, 6]]
    assert found.flatten(1).sort(dim=1).values.tolist() == expected


def test_a_clip_of_one_frame_has_two_neighbours_of_zeros() -> None:
    tokens = torch.randn(2, 3, 4, 5)
    found = with_neighbours(tokens, 1)
    assert found.shape == (2, 3, 12, 5)
    assert torch.equal(found[:, :, 4:8], tokens)
    assert not found[:, :, :4].any()
    assert not found[:, :, 8:].any()


def test_zeros_beyond_the_borders_shrink_what_is_attended_to_by_hand() -> None:
    """Where all logits are 0, a frame of the middle gets the mean of values, one at a border two thirds of it."""
    made = block()
    with torch.no_grad():
        made.attn.in_proj_weight[:32] = 0
        made.attn.in_proj_bias[:32] = 0
    still, whole = torch.randn(1, 5, 16), OpenClipBlock(made)
    bias = made.attn.out_proj.bias
    alone = whole.attend(still, None) - bias
    for n_frames, shares in {1: [1], 2: [2, 2], 3: [2, 3, 2], 4: [2, 3, 3, 2]}.items():
        found = whole.attend(still.expand(n_frames, -1, -1), None, n_frames=n_frames) - bias
        assert_close(found, torch.tensor(shares).view(-1, 1, 1) / 3 * alone, atol=1e-6, rtol=1e-5)


def test_a_frame_alone_has_2_n_more_in_each_denominator() -> None:
    """Of each head: sum of exp(l) v / (sum of exp(l) + 2 n exp(0)), and not CLIP's sum of exp(l) v / sum of exp(l)."""
    made, x = block(), torch.randn(1, 5, 16)
    packed = made.ln_1(x[0]) @ made.attn.in_proj_weight.T + made.attn.in_proj_bias
    heads = []
    for first in (0, 8):
        q, k, v = (packed[:, at + first : at + first + 8] for at in (0, 16, 32))
        exponentials = (q @ k.T / math.sqrt(8)).exp()
        heads.append(exponentials @ v / (exponentials.sum(dim=1, keepdim=True) + 2 * 5))
    expected = made.attn.out_proj(torch.cat(heads, dim=1))
    found = OpenClipBlock(made).attend(x, None, n_frames=1)[0]
    assert_close(found, expected, atol=1e-6, rtol=1e-5)
    assert (found - OpenClipBlock(made).attend(x, None)[0]).abs().max() > 0.05


@pytest.mark.parametrize("n_frames", [1, 2, 3, 8])
def test_a_block_attends_as_the_page_says_in_each_clip_of_a_batch(n_frames: int) -> None:
    made, clips = block(), torch.randn(3, n_frames, 5, 16)
    weights = {name.removeprefix("attn."): value for name, value in made.state_dict().items()}
    found = OpenClipBlock(made).attend(clips.flatten(0, 1), None, n_frames=n_frames).unflatten(0, (3, n_frames))
    for clip, of_clip in zip(clips, found, strict=True):
        assert_close(of_clip, neighbour_attention(weights, made.ln_1(clip), 2), atol=1e-5, rtol=1e-5)


def attended(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def test_the_order_of_the_neighbours_does_not_matter_and_that_of_time_is_kept() -> None:
    q, k, v = (torch.randn(4, 2, 5, 8) for _ in range(3))
    found = attended(q, with_neighbours(k, 4), with_neighbours(v, 4))
    order = torch.randperm(15)
    shuffled = attended(q, with_neighbours(k, 4)[:, :, order], with_neighbours(v, 4)[:, :, order])
    assert_close(shuffled, found)
    reversed_in_time = attended(q.flip(0), with_neighbours(k.flip(0), 4), with_neighbours(v.flip(0), 4))
    assert_close(reversed_in_time.flip(0), found)


def test_gradients_reach_the_neighbours_and_no_others() -> None:
    tokens = torch.randn(6, 2, 5, 8, requires_grad=True)  # two clips of three
    (gradient,) = torch.autograd.grad(with_neighbours(tokens, 3)[0].sum(), tokens)
    assert gradient.flatten(1).amax(dim=1).tolist() == [1, 1, 0, 0, 0, 0]


def test_frames_that_are_no_whole_clips_are_refused() -> None:
    with pytest.raises(ValueError, match="7 frames are no whole number of clips of 3 frames"):
        with_neighbours(torch.randn(7, 1, 2, 3), 3)


def test_what_frames_take_of_their_neighbours_is_added_by_hand() -> None:
    """A clip of three frames with one token: 1 of the frame before, 10 of itself and 100 of the one after."""
    amounts = torch.tensor([[1.0, 10.0, 100.0]]).expand(3, -1)
    assert given_to_frames(amounts, 3).flatten().tolist() == [11, 111, 110]  # what goes beyond the borders is nobody's
    assert given_to_frames(amounts, 1).flatten().tolist() == [10, 10, 10]


def test_what_is_given_is_the_transpose_of_what_is_seen() -> None:
    tokens, amounts = torch.randn(6, 2, 5, 1), torch.randn(6, 2, 15)
    seen = (with_neighbours(tokens, 3)[..., 0] * amounts).sum()
    assert_close(seen, (tokens[..., 0] * given_to_frames(amounts, 3)).sum(), atol=1e-5, rtol=1e-5)
