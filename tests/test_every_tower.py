"""Every kind of visual tower with all that works inside towers: it works, or the tower is refused by name.

The kinds of ViTs are those of the included tiny models, one of each family of open_clip; a model that is added is
tested by being there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.models.changed_architectures import changed_config
from tests.makers.models.timm_towers import timm_config
from tests.makers.videos.embedded_videos import class_text, video_of
from zsar.callbacks.pictures.attention.observed_video import observe_video
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.frame_features import features_of_uint8, visual_projection
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights import open_clip_weights
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t2l import T2L
from zsar.lightning_modules.t3al import T3AL
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning

VITS = sorted(path.stem for path in (Path(open_clip_weights.__file__).parent / "architectures").glob("*.json"))
# Of the families that are no ViTs: open_clip's ResNet, and convolutional towers of timm.
OTHERS = {
    "resnet": {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
    "timm-resnet": "test_resnet",
    "timm-convnext": "test_convnext",
    "timm-efficientnet": "test_efficientnet",
}
WITHOUT_TEXT_BLOCKS = {"tiny-coca"}  # the class token of its text stands last


def t2l(architecture: str, *, checkpointing: bool = False) -> T2L:
    torch.manual_seed(0)
    settings = TrainedClipSettings(architecture, "random", gradient_checkpointing=checkpointing)
    return T2L(
        backbone=settings,
        n_frames=4,
        temporal_token_std=0.5,
        temporal_token_dropout=0.0,
        drop_rate=0.0,
        text_adapters=architecture not in WITHOUT_TEXT_BLOCKS,
    )


def videos() -> Tensor:
    return torch.randint(256, (3, 1, 4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def loss_of(model: T2L) -> Tensor:
    classes = model.embed_text(model.backbone.tokenize(["a red dance", "a blue dance", "a dive"]))[:, None]
    embeddings = model.embed_views(videos())
    logits = model.score(embeddings, classes)
    return sum(model.losses(logits, embeddings, torch.arange(3)).values(), torch.zeros(()))


def trains_t2l(architecture: str) -> None:
    model = t2l(architecture).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=3e-3)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    without = [n for n, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert without == []
    assert all(p.grad is None for p in model.backbone.parameters())


def recomputes_blocks(architecture: str) -> None:
    gradients = []
    for checkpointing in (False, True):
        model = t2l(architecture, checkpointing=checkpointing).train()
        loss_of(model).backward()
        gradients.append([p.grad for p in model.parameters() if p.requires_grad])
    assert_close(gradients[1], gradients[0], atol=1e-6, rtol=1e-5)


def shows_attention(architecture: str) -> None:
    model = t2l(architecture).eval()
    classes = torch.nn.functional.normalize(torch.randn(3, 1, model.backbone.embedding_width), dim=-1)
    seen = observe_video(model, videos()[0], classes, maps=("last", "rollout", "gradient"), labels=[1])
    h, w = seen.layout.grid
    assert (h, w) == (4, 4)
    assert seen.frames[0].shape == (1, 4, 4)
    assert_close(seen.frames[0].sum(dim=-1), torch.ones(1, 4))
    for one in seen.maps:
        (shares,) = one.views
        assert shares.patches.shape == (4, h, w)
        total = shares.patches.sum(dim=(1, 2)) + shares.class_token + shares.registers + shares.temporal
        assert_close(total, torch.ones(4), atol=1e-5, rtol=0)
    with torch.no_grad():
        plain = model.score(model.embed_views(videos()[:1]), classes)[0].softmax(dim=0)
    assert_close(seen.probabilities, plain, atol=1e-5, rtol=1e-4)


def has_features(architecture: str) -> None:
    backbone = OpenClipBackbone(architecture, "random").eval()
    frames = videos()[0, 0]
    with torch.no_grad():
        features = features_of_uint8(backbone, frames)
        expected = backbone.encode_frames(backbone.normalize_frames(frames))
        assert_close(features @ visual_projection(backbone), expected, atol=1e-5, rtol=1e-4)


def adapts_projections(architecture: str) -> None:
    tuning = ProjectionTuning(
        n_steps=4, n_selected=2, window_frames=3, learning_rate=1e-3, early_stop="none", patience_steps=None
    )
    model = T3AL(backbone=ClipSettings(architecture, "random"), suppression=None, tuning=tuning)
    before = [p.clone() for p in model.backbone.parameters()]
    found = model.localize([video_of(model, {(20, 40): "dancing"})], [class_text()])[0][0]
    assert found.n_steps == 4
    assert found.detections
    assert all(torch.equal(p, q) for p, q in zip(model.backbone.parameters(), before, strict=True))


def classifies_frames(architecture: str) -> None:
    model = FrameWiseCLIP(backbone=ClipSettings(architecture, "random"), threshold=0.3)
    assert model.localize([video_of(model, {(20, 40): "dancing"})], [class_text()])[0][0].curves


USES: dict[str, Callable[[str], None]] = {
    use.__name__: use
    for use in (trains_t2l, recomputes_blocks, shows_attention, has_features, adapts_projections, classifies_frames)
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("architecture", VITS)
def test_every_vit_works_with_all_that_works_inside_towers(architecture: str, use: str) -> None:
    torch.manual_seed(0)
    USES[use](architecture)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", OTHERS)
def test_every_other_tower_is_refused_by_name(kind: str, use: str, tmp_path: Path) -> None:
    tower = OTHERS[kind]
    if isinstance(tower, str):
        path = timm_config(tmp_path, model=tower, pool="avg", image_size=32)
    else:
        path = changed_config(tmp_path / "resnet.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), "vision_cfg": tower}))
    kinds = "(open_clip's ModifiedResNet|timm's ResNet|timm's ConvNeXt|timm's EfficientNet), not"
    with pytest.raises(BackboneError, match=rf"^the visual tower of .*json is {kinds}.*: take a ViT such as [\w, -]+$"):
        USES[use](str(path))


@torch.no_grad()
def test_training_t2l_drops_nothing_in_the_frozen_tower(tmp_path: Path) -> None:
    """A config may state dropout and drop path, which are for training the tower itself."""
    t2l("tiny-siglip")  # which makes the name of its tower known to timm
    path = timm_config(tmp_path, model="zsar_tiny_siglip", pool="map", image_size=32)
    config = json.loads(path.read_text())
    config["vision_cfg"] |= {"timm_drop": 0.5, "timm_drop_path": 0.5}
    path.write_text(json.dumps(config))
    model = t2l(str(path)).eval()
    expected = model.embed_views(videos())
    assert torch.equal(model.train().embed_views(videos()), expected)
    model.backbone.train()  # as if the tower were trained
    assert not torch.allclose(model.embed_views(videos()), expected, atol=1e-4)
