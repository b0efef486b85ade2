import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8, frame_features, visual_projection
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

VISION = {"image_size": 32, "layers": 2, "width": 48, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}


def built(folder: Path, name: str, content: dict[str, Any]) -> OpenClipBackbone:
    path = folder / f"frame-features-{name}.json"
    path.write_text(json.dumps({"embed_dim": 16, "vision_cfg": VISION, "text_cfg": TEXT, **content}))
    return OpenClipBackbone(str(path), "random").eval()


def coca(folder: Path, name: str) -> OpenClipBackbone:
    return built(
        folder,
        name,
        {
            "multimodal_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
            "vision_cfg": {**VISION, "attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
            "text_cfg": {**TEXT, "embed_cls": True, "output_tokens": True},
            "custom_text": True,
        },
    )


@torch.no_grad()
def test_features_times_the_projection_are_the_embeddings(tmp_path: Path) -> None:
    backbone = built(tmp_path, "vit", {})
    frames = torch.randn(5, 3, 32, 32)
    features = frame_features(backbone, frames)
    assert features.shape == (5, 48)
    assert visual_projection(backbone).shape == (48, 16)
    assert_close(features @ visual_projection(backbone), backbone.encode_frames(frames), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_features_are_the_class_token_after_the_last_layer_norm(tmp_path: Path) -> None:
    backbone = built(tmp_path, "vit", {})
    frames = torch.randn(2, 3, 32, 32)
    seen: list[torch.Tensor] = []
    handle = backbone.clip.visual.ln_post.register_forward_hook(lambda _, __, out: seen.append(out))
    backbone.encode_frames(frames)
    handle.remove()
    assert_close(frame_features(backbone, frames), seen[0][:, 0])


@torch.no_grad()
def test_coca_features_are_pooled_by_attention(tmp_path: Path) -> None:
    backbone = coca(tmp_path, "coca")
    frames = torch.randn(3, 3, 32, 32)
    features = frame_features(backbone, frames)
    assert features.shape == (3, 16)
    assert_close(features @ visual_projection(backbone), backbone.encode_frames(frames), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_uint8_frames_are_normalized_by_the_models_statistics(tmp_path: Path) -> None:
    backbone = built(tmp_path, "vit", {})
    frames = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8)
    expected = frame_features(backbone, backbone.normalize_frames(frames))
    features = features_of_uint8(backbone, frames)
    assert features.dtype == torch.float32
    assert_close(features, expected)


@pytest.mark.parametrize("architecture", ["tiny-clip", "tiny-coca", "tiny-siglip", "tiny-pe", "tiny-eva"])
@torch.no_grad()
def test_every_vit_has_features_and_a_matrix_that_makes_embeddings_of_them(architecture: str) -> None:
    backbone = OpenClipBackbone(architecture, "random").eval()
    for parameter in backbone.parameters():  # a bias that is not zero
        parameter.add_(0.1 * torch.randn_like(parameter))
    frames = torch.randn(5, 3, 32, 32)
    features, projection = frame_features(backbone, frames), visual_projection(backbone)
    assert projection.shape == (features.shape[1], backbone.embedding_width)
    assert_close(features @ projection, backbone.encode_frames(frames), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_bias_is_the_last_row_of_the_projection_and_features_end_with_one() -> None:
    backbone = OpenClipBackbone("tiny-eva", "random").eval()
    head = backbone.clip.visual.trunk.head
    head.bias.normal_()
    features, projection = frame_features(backbone, torch.randn(2, 3, 32, 32)), visual_projection(backbone)
    assert features.shape == (2, 97)
    assert features[:, -1].tolist() == [1.0, 1.0]
    assert torch.equal(projection[-1], head.bias)
    assert torch.equal(projection[:-1], head.weight.T)


@torch.no_grad()
def test_features_without_a_projection_are_the_embeddings() -> None:
    backbone = OpenClipBackbone("tiny-siglip", "random").eval()
    frames = torch.randn(2, 3, 32, 32)
    assert torch.equal(visual_projection(backbone), torch.eye(96))
    assert_close(frame_features(backbone, frames), backbone.encode_frames(frames), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "tower"),
    [("resnet", "open_clip's ModifiedResNet, not a ViT"), ("timm", "timm's ResNet, not one of its ViTs")],
)
def test_another_tower_is_refused_by_name(tmp_path: Path, name: str, tower: str) -> None:
    if name == "resnet":
        vision = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None}
    else:
        vision = {"image_size": 32, "timm_model_name": "resnet10t", "timm_pool": "", "timm_proj": "linear"}
    backbone = built(tmp_path, name, {"vision_cfg": vision})
    with pytest.raises(BackboneError, match=rf"visual tower of .*{name}\.json is {tower}.*: take a ViT such"):
        visual_projection(backbone)


@torch.no_grad()
def test_a_tower_that_does_not_pool_is_refused(tmp_path: Path) -> None:
    backbone = built(tmp_path, "vit", {})
    backbone.clip.visual.pool_type = "none"
    with pytest.raises(BackboneError, match=r"pools a frame to \[5, 48\] numbers, not to one vector"):
        frame_features(backbone, torch.randn(2, 3, 32, 32))


@pytest.mark.parametrize("architecture", ["tiny-clip", "tiny-siglip", "tiny-pe"])
@torch.no_grad()
def test_features_and_matrix_are_of_the_model_s_precision(architecture: str) -> None:
    backbone = OpenClipBackbone(architecture, "random").eval().bfloat16()
    frames = torch.randn(2, 3, 32, 32, dtype=torch.bfloat16)
    embedded = frame_features(backbone, frames) @ visual_projection(backbone)
    assert embedded.dtype == torch.bfloat16
    assert_close(embedded, backbone.encode_frames(frames), atol=2e-2, rtol=2e-2)
