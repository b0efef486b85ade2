"""One model of each family of towers: its embeddings, from a weights file, are those that open_clip computes."""

from __future__ import annotations

from pathlib import Path

import open_clip
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.makers.models.every_tower import TOWERS, WITHOUT_BLOCKS, tower, weights_of
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import plain_block
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import registered_name
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

# The smallest real models of each family, and the tag of which the statistics of frames are known.
REAL = {
    "ViT-B-16-SigLIP": "webli",
    "PE-Core-S-16-384": "meta",
    "EVA02-B-16": "merged2b_s8b_b131k",
    "MobileCLIP-B": "datacompdr",
    "ViT-B-16-quickgelu": "openai",
    "coca_ViT-B-32": "laion2b_s13b_b90k",
    "RN50-quickgelu": "openai",
    "convnext_base": "laion400m_s13b_b51k",
}
TEXTS = ["a red circle", "a blue square moving to the left"]


@torch.no_grad()
def of_open_clip(name: str, weights: Path, frames: Tensor, tokens: Tensor, mean: Tensor, std: Tensor) -> list[Tensor]:
    """What open_clip computes of frames uint8 [N, 3, H, W] and tokens, with its own reading of the file."""
    model = open_clip.create_model(name, pretrained=str(weights)).eval()
    normalized = (frames / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    return [model.encode_image(normalized, normalize=False), model.encode_text(tokens, normalize=False)]


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    """Equal to 1e-5 in direction, and in length relative to it."""
    assert ours.shape == theirs.shape
    torch.testing.assert_close(
        functional.normalize(ours, dim=-1), functional.normalize(theirs, dim=-1), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(ours.norm(dim=-1), theirs.norm(dim=-1), atol=0, rtol=1e-5)


@pytest.fixture(params=TOWERS)
def family(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_embeddings_of_a_tiny_model_are_those_of_open_clip(family: str, tmp_path: Path) -> None:
    architecture = tower(family, tmp_path)
    weights = weights_of(architecture, tmp_path / "weights.pt")
    backbone = OpenClipBackbone(architecture, str(weights)).eval()
    frames = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8)
    tokens = open_clip.tokenizer.SimpleTokenizer(context_length=16)(TEXTS)
    mean, std = (statistic.flatten() for statistic in (backbone.frame_mean, backbone.frame_std))
    image, text = of_open_clip(registered_name(architecture), weights, frames, tokens, mean, std)
    assert torch.equal(backbone.tokenize(TEXTS), tokens)
    assert_same(backbone.encode_text(backbone.tokenize(TEXTS)).detach(), text)
    normalized = backbone.normalize_frames(frames)
    assert_same(backbone.encode_frames(normalized).detach(), image)
    if family in WITHOUT_BLOCKS:
        with pytest.raises(BackboneError, match=rf"{Path(architecture).stem}.*ViT-B-16"):
            backbone.encode_frames(normalized, plain_block)
        return
    assert_same(backbone.encode_frames(normalized, plain_block).detach(), image)
    with backbone.observed_attention():
        assert_same(backbone.encode_frames(normalized).detach(), image)
    backbone.gradient_checkpointing = True
    assert_same(backbone.encode_frames(normalized).detach(), image)
    assert_same(backbone.encode_text(tokens).detach(), text)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", REAL)
def test_embeddings_of_a_real_model_are_those_of_open_clip(architecture: str, tmp_path: Path) -> None:
    """From a file, as a user downloads it: the file says nothing of frames."""
    weights = weights_of(architecture, tmp_path / "weights.pt")
    backbone = OpenClipBackbone(architecture, str(weights)).eval()
    published = open_clip.get_pretrained_cfg(architecture, REAL[architecture])
    mean, std = (torch.tensor(published[name], dtype=torch.float32) for name in ("mean", "std"))
    frames = torch.randint(256, (1, 3, *backbone.image_size), dtype=torch.uint8)
    tokens = torch.randint(1, 1000, (2, backbone.text.context_length))
    image, text = of_open_clip(architecture, weights, frames, tokens, mean, std)
    with torch.no_grad():
        assert_same(backbone.encode_frames(backbone.normalize_frames(frames)), image)
        assert_same(backbone.encode_text(tokens), text)
        if architecture not in ("RN50-quickgelu", "convnext_base"):
            assert_same(backbone.encode_frames(backbone.normalize_frames(frames), plain_block), image)
