from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from tests.makers.models.author_checkpoints import as_t2l_state
from tests.reference import t2l_blocks
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.t2l.t2l import T2L


def tiny(**arguments: object) -> T2L:
    backbone = TrainedClipSettings("tiny-clip", "random")
    settings: dict[str, object] = {"backbone": backbone, "n_frames": 4, "drop_rate": 0.0}
    return T2L(**{**settings, **arguments})  # type: ignore[arg-type]


def random_video(n_frames: int = 4, n_videos: int = 2) -> torch.Tensor:
    return torch.randint(256, (n_videos, 1, n_frames, 3, 32, 32), dtype=torch.uint8)


def test_vit_b_16_with_eight_frames_trains_as_many_parameters_as_published() -> None:
    with torch.device("meta"):
        model = T2L(backbone=TrainedClipSettings("ViT-B-16-quickgelu", "random"))
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 5_204_736


@pytest.mark.parametrize("n_frames", [4, 8, 16, 32])
def test_temporal_tokens_grow_with_the_frames_alone(n_frames: int) -> None:
    with torch.device("meta"):
        model = T2L(backbone=TrainedClipSettings("ViT-B-16-quickgelu", "random"), n_frames=n_frames)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 5_204_736 + 12 * (n_frames - 8) * 768


def test_tokens_of_the_first_layer_are_a_twelfth_of_all() -> None:
    with torch.device("meta"):
        model = T2L(backbone=TrainedClipSettings("ViT-B-16-quickgelu", "random"), temporal_tokens="first")
    assert model.visual_blocks.temporal_tokens is not None
    assert model.visual_blocks.temporal_tokens.tokens.numel() == 6_144  # 8 frames of 768
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 5_204_736 - 73_728 + 6_144


def test_without_temporal_tokens_it_starts_as_plain_clip() -> None:
    model = tiny(temporal_tokens="none").eval()
    video = random_video()
    tokens = model.backbone.tokenize(["a red circle", "a blue cross"])
    frames = model.backbone.normalize_frames(video).flatten(0, 2)
    expected = model.backbone.clip.encode_image(frames).unflatten(0, (2, 1, 4))
    assert_close(model.embed_views(video), expected, atol=1e-5, rtol=0)
    assert_close(model.embed_text(tokens), model.backbone.clip.encode_text(tokens), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("temporal_tokens", "layers"), [("all", [0, 1, 2]), ("first", [0]), ("none", []), ([2, 0], [0, 2])]
)
def test_frame_embeddings_equal_the_equations_through_all_layers(
    temporal_tokens: str | list[int], layers: list[int]
) -> None:
    model = tiny(temporal_tokens=temporal_tokens, temporal_token_std=0.5).eval()
    for adapter in model.visual_blocks.adapters or ():
        torch.nn.init.normal_(adapter.up.weight, std=0.1)
    video = random_video(n_videos=1)
    visual = model.backbone.clip.visual
    x = visual._embeds(model.backbone.normalize_frames(video)[0, 0])
    tokens = model.visual_blocks.temporal_tokens
    of_layer = {} if tokens is None else dict(zip(layers, tokens.tokens, strict=True))
    assert sorted(of_layer) == layers
    x = t2l_blocks.visual_tower(visual.transformer.resblocks, x, of_layer, model.visual_blocks.adapters)
    expected = visual.ln_post(x[:, 0]) @ visual.proj
    assert_close(model.embed_views(video)[0, 0], expected, atol=1e-5, rtol=1e-4)


def test_gradients_reach_exactly_the_temporal_tokens_and_adapters() -> None:
    model = tiny(temporal_token_dropout=0.0).train()
    for name, parameter in model.named_parameters():
        if name.endswith("up.weight"):
            torch.nn.init.normal_(parameter, std=0.1)  # a zero `up` would stop the gradient of `down`
    tokens = model.backbone.tokenize(["a red circle", "a blue cross"])
    embeddings = torch.nn.functional.normalize(model.embed_text(tokens), dim=-1)[:, None]
    frames = model.embed_views(random_video())
    losses = model.losses(model.score(frames, embeddings), frames, torch.tensor([0, 1]))
    assert set(losses) == {"contrastive", "temporal_feature_diversity"}
    sum(losses.values()).backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    trained = {n for n, _ in model.named_parameters() if n.startswith(("visual_blocks.", "text_blocks."))}
    assert reached == trained == {n for n, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("left_out", "gone"),
    [
        ({"temporal_tokens": "none"}, "visual_blocks.temporal_tokens."),
        ({"visual_adapters": False}, "visual_blocks.adapters."),
        ({"text_adapters": False}, "text_blocks."),
    ],
)
def test_each_part_can_be_left_out(left_out: dict[str, object], gone: str) -> None:
    names = {n for n, p in tiny().named_parameters() if p.requires_grad}
    without = {n for n, p in tiny(**left_out).named_parameters() if p.requires_grad}
    assert without == {n for n in names if not n.startswith(gone)} != names


def test_temporal_tokens_have_their_own_learning_rate() -> None:
    model = tiny(temporal_token_learning_rate=0.1)
    groups = model.parameter_groups()
    assert [rate for _, rate in groups] == [0.1, None]
    assert [len(parameters) for parameters, _ in groups] == [1, 3 * 4 + 2 * 4]


def test_diversity_weight_scales_its_term() -> None:
    labels, logits, frames = torch.tensor([0, 1]), torch.randn(2, 2), torch.randn(2, 1, 4, 64)
    once = tiny(diversity_weight=1.0).losses(logits, frames, labels)["temporal_feature_diversity"]
    assert_close(tiny(diversity_weight=0.3).losses(logits, frames, labels)["temporal_feature_diversity"], 0.3 * once)
    assert "temporal_feature_diversity" not in tiny(diversity_weight=0.0).losses(logits, frames, labels)


def test_the_contrastive_loss_is_the_one_asked_for() -> None:
    labels, logits, frames = torch.tensor([0, 1]), torch.randn(2, 4), torch.randn(2, 1, 4, 64)
    values = {
        kind: float(tiny(contrastive_loss=kind).losses(logits, frames, labels)["contrastive"])
        for kind in ("all_classes", "in_batch")
    }
    assert values["all_classes"] == pytest.approx(float(torch.nn.functional.cross_entropy(logits, labels)))
    assert values["in_batch"] != pytest.approx(values["all_classes"])


def test_another_number_of_frames_is_refused_or_interpolated() -> None:
    with pytest.raises(ValueError, match="tokens for 4 frames, but the clip has 8"):
        tiny().embed_views(random_video(n_frames=8))
    embeddings = tiny(interpolate_temporal_tokens=True).embed_views(random_video(n_frames=8))
    assert embeddings.shape == (2, 1, 8, 64)


def test_gradient_checkpointing_changes_nothing_but_memory() -> None:
    model = tiny(drop_rate=0.5).train()  # random branches too must be recomputed alike
    video = random_video()
    torch.manual_seed(1)
    model.embed_views(video).square().sum().backward()
    grads = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    model.backbone.gradient_checkpointing = True
    torch.manual_seed(1)
    model.embed_views(video).square().sum().backward()
    for name, parameter in model.named_parameters():
        if name in grads:
            assert_close(parameter.grad, grads[name], atol=1e-4, rtol=1e-4)


def test_bf16_autocast_scores_in_fp32_near_the_full_precision() -> None:
    model = tiny().eval()
    video = random_video()
    embeddings = torch.nn.functional.normalize(torch.randn(3, 1, 64), dim=-1)
    exact = model(video, embeddings)
    with torch.autocast("cpu", torch.bfloat16):
        half = model(video, embeddings)
    assert half.dtype == torch.float32
    assert_close(half, exact, atol=0.5, rtol=0.05)


def test_nothing_to_train_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to train; use ZeroShotCLIP"):
        tiny(temporal_tokens="none", visual_adapters=False, text_adapters=False)


def test_diversity_loss_without_visual_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="TFD trains nothing"):
        tiny(temporal_tokens="none", visual_adapters=False)


def test_a_tower_without_attention_blocks_is_refused() -> None:
    with torch.device("meta"), pytest.raises(BackboneError, match="ModifiedResNet.*take a ViT"):
        T2L(backbone=TrainedClipSettings("RN50-quickgelu", "random"))


@pytest.mark.parametrize("temporal_tokens", ["all", "first"])  # `prompt.DEEP` true, false
def test_author_checkpoint_is_imported_exactly(tmp_path: Path, temporal_tokens: str) -> None:
    source = tiny(temporal_tokens=temporal_tokens, temporal_token_std=0.5).eval()
    for name, parameter in source.named_parameters():
        if name.endswith("up.weight"):
            torch.nn.init.normal_(parameter, std=0.1)
    torch.save({"epoch": 7, "model_state_dict": as_t2l_state(source), "optimizer_state_dict": {}}, tmp_path / "t2l.pt")
    model = T2L.load_author_checkpoint(tmp_path / "t2l.pt", architecture="tiny-clip")
    video, tokens = random_video(), source.backbone.tokenize(["a red circle"])
    assert_close(model.embed_views(video), source.embed_views(video), atol=1e-5, rtol=1e-5)
    assert_close(model.embed_text(tokens), source.embed_text(tokens))
