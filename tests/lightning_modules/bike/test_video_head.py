"""Tests of the video head: what it starts from, its two residuals, and its limit."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from zsar.lightning_modules.bike.video_head import EPS, VideoHead, quick_gelu


def head(**arguments: Any) -> VideoHead:
    torch.manual_seed(0)
    return VideoHead(64, **{"n_heads": 2, "n_positions": 7, "n_layers": 2, **arguments})


def layers(model: VideoHead) -> list[Any]:
    """Its layers, for which PyTorch has no type."""
    return list(model.layers)


def test_quick_gelu_of_a_few_numbers() -> None:
    assert_close(quick_gelu(torch.tensor([0.0, 1.0, -1.0])), torch.tensor([0.0, 0.8458, -0.1542]), atol=1e-4, rtol=0)


def test_without_layers_frames_are_doubled_and_moved_by_their_positions() -> None:
    model, frames = head(n_layers=0), torch.randn(2, 3, 64)
    assert_close(model(frames), 2 * frames + model.positions[:3])


def test_layers_that_add_nothing_leave_both_residuals() -> None:
    model, frames = head(), torch.randn(2, 3, 64)
    for layer in layers(model):
        for last in (layer.self_attn.out_proj, layer.linear2):
            nn.init.zeros_(last.weight)
    assert_close(model(frames), 2 * frames + model.positions[:3])


def test_it_starts_as_the_authors_have_it() -> None:
    model = head(n_positions=77, n_layers=6)
    small = [model.positions]
    for layer in layers(model):
        small += [layer.self_attn.out_proj.weight, layer.linear1.weight, layer.linear2.weight]
        biases = (layer.self_attn.in_proj_bias, layer.self_attn.out_proj.bias, layer.linear1.bias, layer.linear2.bias)
        assert not any(bias.any() for bias in biases)
        limit = (6 / (64 + 3 * 64)) ** 0.5  # Xavier's uniform, of the packed weight
        assert 0.95 * limit < layer.self_attn.in_proj_weight.abs().max() <= limit
        assert (layer.norm1.eps, layer.norm2.eps) == (EPS, EPS) == (1e-12, 1e-12)
        assert (layer.norm1.weight == 1).all()
        assert not layer.norm1.bias.any()
    for weight in small:
        assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.1)


def test_frames_see_each_other_within_a_view_only() -> None:
    model, frames = head(), torch.randn(2, 4, 64)
    changed = frames.clone()
    changed[0, 3] = torch.randn(64)
    difference = (model(changed) - model(frames)).abs().amax(dim=2)
    assert (difference[0] > 1e-5).all()
    assert (difference[1] == 0).all()


def test_training_and_evaluation_are_the_same() -> None:
    model, frames = head(), torch.randn(2, 4, 64)
    with torch.no_grad():
        assert_close(model.train()(frames), model.eval()(frames))


def test_more_frames_than_positions_are_an_error() -> None:
    assert head()(torch.randn(1, 7, 64)).shape == (1, 7, 64)
    with pytest.raises(ValueError, match=r"8 frames, but BIKE's video head has 7 positions; take fewer"):
        head()(torch.randn(1, 8, 64))
