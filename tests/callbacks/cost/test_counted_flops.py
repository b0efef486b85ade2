from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.makers.models.every_recognizer import RECOGNIZERS, recognizer
from zsar.callbacks.cost.counted_flops import counted_flops
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

TOKENS, PATCHES, WIDTH, LAYERS, EMBEDDING, PATCH = (
    17,
    16,
    96,
    3,
    64,
    8,
)  # of tiny-clip: 32 px, patches of 8 px, a class token


def by_hand() -> int:
    """Multiply-adds of a frame in the tiny tower, from its sizes alone."""
    patches = PATCHES * WIDTH * 3 * PATCH**2
    linear = 12 * WIDTH**2 * TOKENS  # queries, keys, values and output: 4; the MLP, four times as wide: 8
    attention = 2 * TOKENS**2 * WIDTH  # of queries with keys, and of weights with values
    return patches + LAYERS * (linear + attention) + WIDTH * EMBEDDING


@pytest.mark.parametrize("n_frames", [1, 8])
def test_the_tiny_tower_takes_what_a_count_by_hand_says(n_frames: int) -> None:
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    assert counted_flops(model, model.embed_frames, (1, n_frames, 3, 32, 32)) == 2 * n_frames * by_hand()


def test_sixteen_frames_of_vit_b_16_take_the_multiply_adds_that_papers_state() -> None:
    """281 "GFLOPS" (T2L Table 1: ViFi-CLIP and XCLIP; ZAR Table 1), 563 for 32 frames; the model has no values here."""
    with torch.device("meta"):
        tower = VisionTower()
    for n_frames, stated in ((16, 281), (32, 563)):
        gmacs = counted_flops(tower, tower.forward, (n_frames, 3, 224, 224)) / 2e9
        assert gmacs == pytest.approx(stated, rel=0.003)


class VisionTower(nn.Module):
    """The visual tower of ViT-B/16, as open_clip builds it, without weights."""

    def __init__(self) -> None:
        super().__init__()
        from open_clip.transformer import VisionTransformer

        sizes = {"image_size": 224, "patch_size": 16, "width": 768, "layers": 12, "heads": 12, "mlp_ratio": 4.0}
        self.tower = VisionTransformer(**sizes, output_dim=512)

    def forward(self, frames: Tensor) -> Tensor:
        return self.tower(frames)


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_every_recognizer_is_counted_and_left_as_it_is(name: str, tiny_weights: Path) -> None:
    model = recognizer(name, tiny_weights)
    frames = torch.rand(1, 4, 3, 32, 32)
    before = model.embed_frames(frames)
    assert counted_flops(model, model.embed_frames, (1, 4, 3, 32, 32)) >= 2 * 4 * by_hand()
    torch.testing.assert_close(model.embed_frames(frames), before, rtol=0, atol=0)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_a_model_that_needs_values_says_that() -> None:
    class Doubtful(nn.Linear):
        def forward(self, frames: Tensor) -> Tensor:
            return super().forward(frames) if frames.sum().item() > 0 else frames

    model = Doubtful(2, 2)
    with pytest.raises(RuntimeError, match="meta"):
        counted_flops(model, model.forward, (1, 2))


def test_neighbouring_frames_cost_two_more_sets_of_keys(tiny_weights: Path) -> None:
    """Products with the keys of two more frames, and with their values: 2 x 2 L x 2 L x D for each frame and block."""
    of_clip, neighbours = (recognizer(name, tiny_weights) for name in ("FineTunedCLIP", "OpenVCLIP"))
    shape = (1, 4, 3, 32, 32)
    plain, seen = (counted_flops(model, model.embed_frames, shape) for model in (of_clip, neighbours))
    blocks, layout = neighbours.backbone.visual_tower.blocks, neighbours.backbone.visual_tower.layout
    n, width = layout.n_tokens, blocks[0].width
    assert seen - plain == 4 * len(blocks) * 2 * (2 * n * 2 * n * width)
