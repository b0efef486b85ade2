"""Open-VCLIP equals its restatement from the page alone (`tests/reference/open_vclip.py`), under the authors' names."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

from tests.makers.models.small_quick_gelu import N_TEXT_HEADS, N_VISUAL_HEADS, quick_gelu_config, stir
from tests.reference import bike as plain
from tests.reference import open_vclip as page
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_vclip import OpenVCLIP

TEMPLATES = ("a video of {}.", "a photo of a person {}.", "a example of {}.")
NAMES = ("archery", "brush hair", "Tai Chi", "Yoyo")
TEXT = ClassText("base", NAMES, tuple(tuple(t.format(name) for t in TEMPLATES) for name in NAMES), "test")
close = partial(assert_close, atol=1e-5, rtol=1e-5)
N_LAYERS = 3
Models = tuple[OpenVCLIP, dict[str, Tensor], dict[str, Tensor]]


def in_double(model: OpenVCLIP) -> dict[str, Tensor]:
    return {name: value.double() for name, value in model.backbone.clip.state_dict().items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Our model, tuned; CLIP's weights before, and the tuned ones, in double precision under the authors' names."""
    torch.manual_seed(0)
    config = quick_gelu_config(tmp_path_factory.mktemp("model"))
    model = OpenVCLIP(backbone=TrainedClipSettings(config, "random"), tuned_share=0.4).eval()
    original = in_double(model)
    stir(model.backbone.clip.visual)
    model.backbone.clip.logit_scale.data.add_(0.5)
    return model, original, in_double(model)


def clips(n_frames: int, n_views: int = 1) -> Tensor:
    """Three different videos, normalized, [3, V, T, 3, 32, 32]."""
    return torch.randn(3, n_views, n_frames, 3, 32, 32)


def rows(model: OpenVCLIP) -> Tensor:
    return model.class_embeddings.cached(TEXT.prompts, torch.device("cpu"))


def classifier(model: OpenVCLIP, clip: dict[str, Tensor]) -> Tensor:
    tokens = model.backbone.tokenize([prompt for prompts in TEXT.prompts for prompt in prompts])
    return page.classifier(clip, tokens.unflatten(0, (4, 3)).transpose(0, 1), N_TEXT_HEADS)


@pytest.mark.parametrize("n_frames", [1, 2, 4, 8])
@torch.no_grad()
def test_frames_see_their_neighbours_as_the_page_says(models: Models, n_frames: int) -> None:
    model, _, tuned = models
    videos = clips(n_frames)[:, 0]
    expected = page.frame_embeddings(tuned, videos.double(), N_VISUAL_HEADS)
    close(model.embed_frames(videos).double(), expected)
    alone = plain.frame_embeddings(tuned, videos.double(), N_VISUAL_HEADS)
    assert (expected - alone).abs().flatten(2).amax(dim=2).min() > 0.01  # each differs from CLIP, the only one, too


@torch.no_grad()
def test_templates_are_normalized_averaged_and_normalized_and_views_summed(models: Models) -> None:
    model, original, tuned = models
    frames = clips(4, n_views=3)
    f = torch.stack([page.frame_embeddings(tuned, frames[:, v].double(), N_VISUAL_HEADS) for v in range(3)], dim=1)
    classes = classifier(model, original)  # of CLIP's own text tower
    ours = model.embed_frames(frames.flatten(0, 1)).unflatten(0, (3, 3))
    scale = model.backbone.logit_scale
    of_view = model.score(ours[:, :1], rows(model))
    close((of_view / scale).double(), page.logits(f[:, 0], classes, torch.zeros(())))
    logits = model.score(ours, rows(model))
    close((logits / scale).double(), page.logits_of_views(f, classes, torch.zeros(())))
    assert_close(logits.double(), page.logits_of_views(f, classes, tuned["logit_scale"]), atol=1e-4, rtol=1e-4)
    assert_close(model.score_views(ours, rows(model)).sum(dim=1), logits)


@torch.no_grad()
def test_a_test_mixes_all_tuned_weights_with_clips_the_logit_scale_too(models: Models) -> None:
    model, original, tuned = models
    expected = page.mixed(original, tuned, clip_share=0.6)
    videos = clips(4)[:, 0]
    f = page.frame_embeddings(expected, videos.double(), N_VISUAL_HEADS)
    model.prepare_inference()
    try:
        found = in_double(model)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            close(found[name], value)
        logits = model.score(model.embed_frames(videos)[:, None], rows(model))
        of_page = page.logits(f, classifier(model, original), expected["logit_scale"])
        assert_close(logits.double(), of_page, atol=1e-4, rtol=1e-4)
    finally:
        model.end_inference()
    for name, value in in_double(model).items():
        assert torch.equal(value, tuned[name]), name


def test_a_training_step_has_the_loss_and_the_gradients_of_the_page(models: Models) -> None:
    model, original, tuned = models
    videos, labels = clips(4)[:, 0], torch.tensor([3, 0, 3])
    model.zero_grad()
    embedded = model.embed_frames(videos)[:, None]
    assert model.scoring.trains_with_all
    losses = model.losses(model.score(embedded, rows(model)), embedded, labels)
    loss = torch.stack(list(losses.values())).sum()
    loss.backward()
    clip = {name: value.clone().requires_grad_() for name, value in tuned.items()}
    f = page.frame_embeddings(clip, videos.double(), N_VISUAL_HEADS)
    logits = page.logits(f, classifier(model, original), clip["logit_scale"])
    of_page = functional.cross_entropy(logits, labels)
    of_page.backward()
    close(loss.double(), of_page)
    trained = {name.removeprefix("backbone.clip."): p for name, p in model.named_parameters() if p.requires_grad}
    assert set(trained) == {name for name in clip if name == "logit_scale" or name.startswith("visual.")}
    for name, parameter in trained.items():
        expected = clip[name].grad
        assert parameter.grad is not None, name
        assert expected is not None, name
        atol = 1e-4 * float(expected.abs().max())
        assert_close(parameter.grad.double(), expected, atol=atol, rtol=1e-3, msg=name)


@torch.no_grad()
def test_a_frame_sees_as_many_frames_each_way_as_there_are_blocks_and_no_other_video(models: Models) -> None:
    model, _, _ = models
    videos = clips(8)[:, 0]
    changed = videos.clone()
    changed[1, 0] += torch.randn(3, 32, 32)
    difference = (model.embed_frames(changed) - model.embed_frames(videos)).abs().amax(dim=2)
    assert (difference[1, : N_LAYERS + 1] > 1e-4).all()
    assert difference[1, N_LAYERS + 1 :].max() < 1e-5
    assert difference[[0, 2]].max() < 1e-5


@torch.no_grad()
def test_a_reversed_clip_has_reversed_embeddings_but_other_orders_others(models: Models) -> None:
    model, _, _ = models
    videos = clips(8)[:, 0]
    found = model.embed_frames(videos)
    close(model.embed_frames(videos.flip(1)), found.flip(1))
    order = torch.tensor([0, 2, 1, 3, 4, 5, 6, 7])
    assert (model.embed_frames(videos[:, order]) - found[:, order]).abs().max() > 0.01


@torch.no_grad()
def test_a_still_clip_is_clips_frame_where_the_zeros_beyond_the_borders_do_not_reach(models: Models) -> None:
    """Three times the same keys give what one gives; a block lets the borders' zeros go one frame further."""
    model, _, _ = models
    still = clips(1)[:, 0].expand(-1, 8, -1, -1, -1)
    found = model.embed_frames(still)
    of_clip = model.backbone.encode_frames(still[:, 0])[:, None]
    close(found[:, N_LAYERS : 8 - N_LAYERS], of_clip.expand(-1, 8 - 2 * N_LAYERS, -1))
    reached = torch.cat([found[:, :N_LAYERS], found[:, 8 - N_LAYERS :]], dim=1)
    assert (reached - of_clip).abs().amax(dim=2).min() > 1e-4
