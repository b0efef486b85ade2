"""What is OpenVCLIP's own: which blocks run, on which towers. `test_open_vclip_by_the_page` has the arithmetic."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_hash
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.open_vclip import OpenVCLIP


def clips(n_frames: int, size: int = 32) -> torch.Tensor:
    return torch.randn(2, n_frames, 3, size, size)


def built(weights: Path, **options: bool) -> OpenVCLIP:
    settings = TrainedClipSettings(
        "tiny-clip", str(weights), gradient_checkpointing=options.pop("checkpointing", False)
    )
    return OpenVCLIP(backbone=settings, **options).eval()  # type: ignore[arg-type]


def test_without_neighbours_it_is_fine_tuned_clip_and_says_so(tiny_weights: Path) -> None:
    alone, clip = built(tiny_weights, neighbour_attention=False), FineTunedCLIP(backbone=settings(tiny_weights)).eval()
    frames = clips(3)
    assert_close(alone.embed_frames(frames), clip.embed_frames(frames))
    model = built(tiny_weights)
    assert (model.embed_frames(frames) - clip.embed_frames(frames)).abs().max() > 1e-3
    assert tower_hash(model) != tower_hash(alone)  # stored embeddings of one are not the other's


def settings(weights: Path) -> TrainedClipSettings:
    return TrainedClipSettings("tiny-clip", str(weights))


def test_only_the_visual_tower_and_the_logit_scale_are_trained(tiny_weights: Path) -> None:
    names = {name for name, p in built(tiny_weights).backbone.clip.named_parameters() if p.requires_grad}
    assert "logit_scale" in names
    assert all(name == "logit_scale" or name.startswith("visual.") for name in names)
    assert {name for name, _ in built(tiny_weights).backbone.clip.visual.named_parameters(prefix="visual")} < names


def test_blocks_are_recomputed_with_the_same_gradients(tiny_weights: Path) -> None:
    frames, gradients = clips(3), []
    for checkpointing in (False, True):
        model = built(tiny_weights, checkpointing=checkpointing)
        model.embed_frames(frames).square().sum().backward()
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        assert_close(gradients[1][name], gradient, msg=name)


@pytest.mark.parametrize("architecture", ["tiny-siglip", "tiny-eva", "tiny-pe"])
def test_on_timms_towers_a_change_of_a_frame_reaches_one_frame_a_block(architecture: str) -> None:
    """Rotary positions or not: time has none, so that the mirrored clip has the mirrored embeddings."""
    model = OpenVCLIP(backbone=TrainedClipSettings(architecture, "random", frame_statistics="half")).eval().double()
    n_blocks, size = len(model.backbone.visual_tower.blocks), model.backbone.image_size[0]
    frames = clips(n_blocks + 3, size).double()
    changed = frames.clone()
    changed[:, 0] += 1
    with torch.no_grad():
        before, after = model.embed_frames(frames), model.embed_frames(changed)
        mirrored = model.embed_frames(frames.flip(1))
    differs = (before - after).abs().amax(dim=(0, 2)) > 1e-12
    assert differs.tolist() == [t <= n_blocks for t in range(n_blocks + 3)]
    assert_close(mirrored.flip(1), before)


def test_a_tower_without_such_blocks_is_refused_when_it_is_built() -> None:
    with torch.device("meta"), pytest.raises(BackboneError, match="ModifiedResNet.*take a ViT"):
        OpenVCLIP(backbone=TrainedClipSettings("RN50-quickgelu", "random"))
