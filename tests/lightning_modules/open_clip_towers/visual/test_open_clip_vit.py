from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.models.changed_architectures import changed_config
from tests.reference.attention_weights import clip_tower_weights, softmax_qk, t2l_tower_weights
from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t2l.t2l import T2L


@pytest.fixture
def frames() -> Tensor:
    torch.manual_seed(2)
    return torch.randn(3, 3, 32, 32)


def test_the_attention_of_clip_is_softmax_qk(frames: Tensor) -> None:
    backbone = OpenClipBackbone("tiny-clip", "random").eval()
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(frames)
        expected = [clip_tower_weights(backbone.clip.visual, frame) for frame in frames]
    assert record.tokens == TokenLayout(1, 0, (4, 4), "token")
    assert len(record.layers) == 3
    for layer, weights in enumerate(record.layers):
        assert_close(weights, torch.stack([of_frame[layer] for of_frame in expected]))
    pooled = record.of_pooled_token()
    assert pooled.shape == (3, 6, 17)
    assert_close(pooled, torch.stack([of_frame[-1][:, 0] for of_frame in expected]))
    assert_close(pooled.sum(dim=2), torch.ones(3, 6))
    assert record.frames == {}
    assert record.temporal_layers == set()


def test_the_attention_of_t2l_has_the_temporal_token_last_and_that_between_frames_apart() -> None:
    torch.manual_seed(3)
    model = T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4, temporal_token_std=0.5).eval()
    assert model.visual_blocks.temporal_tokens is not None
    assert model.visual_blocks.adapters is not None
    for adapter in model.visual_blocks.adapters:
        torch.nn.init.normal_(adapter.up.weight, std=0.1)  # type: ignore[union-attr, arg-type]
    videos = torch.randint(256, (2, 1, 4, 3, 32, 32), dtype=torch.uint8)
    with torch.no_grad(), model.backbone.observed_attention() as record:
        model.embed_views(videos)
        normalized = model.backbone.normalize_frames(videos[:, 0])
        tokens, adapters = model.visual_blocks.temporal_tokens.tokens, list(model.visual_blocks.adapters)
        expected = [t2l_tower_weights(model.backbone.clip.visual, video, tokens, adapters) for video in normalized]
    assert record.temporal_layers == {0, 1, 2}
    for layer in range(3):
        assert record.layers[layer].shape == (8, 6, 18, 18)
        assert_close(record.layers[layer], torch.cat([within[layer] for within, _ in expected]))
        assert_close(record.frames[layer], torch.stack([between[layer] for _, between in expected]))
    assert_close(record.of_pooled_token().sum(dim=2), torch.ones(8, 6))


def test_only_layers_with_temporal_tokens_have_them() -> None:
    settings = TrainedClipSettings("tiny-clip", "random")
    model = T2L(backbone=settings, n_frames=17, temporal_tokens=[1]).eval()
    with torch.no_grad(), model.backbone.observed_attention() as record:
        model.embed_views(torch.zeros(1, 1, 17, 3, 32, 32, dtype=torch.uint8))
    assert record.temporal_layers == {1}
    # As many frames as tokens: only what they are called tells both apart.
    assert [weights.shape[-1] for weights in record.layers] == [17, 18, 17]
    assert {layer: weights.shape for layer, weights in record.frames.items()} == {1: (1, 6, 17, 17)}


def test_average_pooling_has_the_mean_of_the_patches_attention(tmp_path: Path, frames: Tensor) -> None:
    config = changed_config(tmp_path / "average.json", vision_cfg={"pool_type": "avg"})
    backbone = OpenClipBackbone(str(config), "random").eval()
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(frames)
        expected = [clip_tower_weights(backbone.clip.visual, frame)[-1][:, 1:].mean(dim=1) for frame in frames]
    assert_close(record.of_pooled_token(), torch.stack(expected))


def test_coca_has_the_attention_of_its_first_query(frames: Tensor) -> None:
    backbone = OpenClipBackbone("tiny-coca", "random").eval()
    visual = backbone.clip.visual
    pooler = visual.attn_pool
    with torch.no_grad(), backbone.observed_attention() as record:
        backbone.encode_frames(frames)
        for frame, weights in zip(frames, record.of_pooled_token(), strict=True):
            tokens = pooler.ln_k(visual.transformer(visual._embeds(frame[None])))[0]
            q = pooler.attn.in_proj_bias[:64] + pooler.ln_q(pooler.query)[:1] @ pooler.attn.q_proj_weight.T
            k = pooler.attn.in_proj_bias[64:128] + tokens @ pooler.attn.k_proj_weight.T
            assert_close(weights, softmax_qk(q, k, 4)[:, 0])


def test_poolings_that_are_not_known_are_named(tmp_path: Path, frames: Tensor) -> None:
    config = changed_config(tmp_path / "parallel.json", source="tiny-coca", vision_cfg={"attentional_pool": "parallel"})
    backbone = OpenClipBackbone(str(config), "random")
    error = "pools its tokens in a way whose attention zsar does not know; take a ViT"
    with pytest.raises(BackboneError, match=error), backbone.observed_attention():
        backbone.encode_frames(frames)
    assert backbone._attention is None
