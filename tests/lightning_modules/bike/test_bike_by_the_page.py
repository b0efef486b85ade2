"""BIKE equals its restatement from the page alone (`tests/reference/bike.py`), under the authors' names."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.models.small_quick_gelu import (
    N_TEXT_HEADS,
    N_VISUAL_HEADS,
    authors_head,
    our_head_names,
    quick_gelu_config,
    stir,
)
from tests.reference import bike as page
from tests.reference.openai_clip import unit
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.scorers.concept_spotting import spotted_frames
from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings
from zsar.lightning_modules.recognition.scoring import Scoring

NAMES = ("archery", "brush hair", "ApplyEyeMakeup", "ride a bike", "pullup")
TEXT = ClassText("base", NAMES, tuple((f"a video about {name}",) for name in NAMES), "test")
LENGTHS = [1, 4, 8]
close = partial(assert_close, atol=1e-5, rtol=1e-5)
Models = tuple[BIKE, dict[str, Tensor], dict[str, Tensor]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Our model; CLIP's and the head's weights in double precision, under the authors' names."""
    torch.manual_seed(0)
    config = quick_gelu_config(tmp_path_factory.mktemp("model"))
    model = BIKE(backbone=TrainedClipSettings(config, "random")).eval()
    stir(model.backbone.clip)
    head = authors_head(14, 32)
    assert model.video_head is not None
    model.video_head.load_state_dict(our_head_names(head))
    clip = {name: value.double() for name, value in model.backbone.clip.state_dict().items()}
    return model, clip, {name: value.double() for name, value in head.items()}


def clips(n_frames: int, n_views: int = 1) -> Tensor:
    """Three different videos, uint8 [3, V, T, 3, 32, 32]."""
    return torch.randint(256, (3, n_views, n_frames, 3, 32, 32), dtype=torch.uint8)


def normalized(frames: Tensor) -> Tensor:
    """CLIP's mean and deviation."""
    mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    shape = (3, 1, 1)
    return (frames.double() / 255 - torch.tensor(mean).double().view(shape)) / torch.tensor(std).double().view(shape)


def reference_text(model: BIKE, clip: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    tokens = model.backbone.tokenize([prompt for (prompt,) in TEXT.prompts])
    return page.text_embeddings(clip, tokens, N_TEXT_HEADS)


def rows(model: BIKE) -> Tensor:
    return model.class_embeddings.cached(TEXT.prompts, torch.device("cpu"))


@pytest.mark.parametrize("n_frames", LENGTHS)
@torch.no_grad()
def test_frame_video_and_class_embeddings_saliency_and_scores_with_the_head(models: Models, n_frames: int) -> None:
    model, clip, head = models
    frames = clips(n_frames)
    f = page.frame_embeddings(clip, normalized(frames)[:, 0], N_VISUAL_HEADS)
    y = page.video_head(head, f, N_TEXT_HEADS)
    w, e = reference_text(model, clip)
    ours = model.embed_views(frames)
    close(ours[:, 0].double(), y)
    assert (y - f).abs().max() > 0.1  # the head does something
    classes = rows(model)
    assert classes.shape == (5, 1, (1 + 14) * 32)
    close(classes[:, 0].double(), unit(torch.cat([e[:, None], w], dim=1)).flatten(1))
    saliency = page.saliency(y, w)
    spotted = spotted_frames(ours, classes)[:, 0, 0]
    assert_close(spotted.double(), saliency.transpose(0, 1), atol=1e-5, rtol=1e-4)
    if n_frames > 1:
        assert saliency.std(dim=0).max() > 0.01  # classes weigh frames differently
    p = torch.einsum("bct,btd->cbd", spotted, torch.nn.functional.normalize(ours[:, 0], dim=-1))
    close(p.double(), page.video_embeddings(y, w))
    cosines = page.spotting_cosines(y, w, e)
    scale = model.backbone.logit_scale
    logits = model(frames, classes)
    close((logits / scale).double(), cosines)
    assert_close(logits.double(), clip["logit_scale"].exp() * cosines, atol=1e-4, rtol=1e-4)
    plain = Scoring("mean_pooled_cosine").score(ours, end_embeddings(classes, 32), scale)  # `interaction: DP`
    close((plain / scale).double(), page.mean_cosines(y, e))


@pytest.mark.parametrize("n_frames", LENGTHS)
@torch.no_grad()
def test_frames_vote_without_the_head(models: Models, n_frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, clip, _ = models
    monkeypatch.setattr(model, "frame_source", "visual_tower")
    monkeypatch.setattr(model, "scoring", Scoring("frame_voting"))
    frames = clips(n_frames)
    f = page.frame_embeddings(clip, normalized(frames)[:, 0], N_VISUAL_HEADS)
    _, e = reference_text(model, clip)
    ours = model.embed_views(frames)
    close(ours[:, 0].double(), f)
    found = model.score(0.01 * ours, end_embeddings(rows(model), 32)).softmax(dim=-1)  # shorter: votes are not 0 and 1
    expected = page.frame_voting(0.01 * f, e)
    assert expected.max() < 0.9
    close(found.double(), expected)
    votes = model.score(ours, end_embeddings(rows(model), 32)).softmax(dim=-1)
    assert_close(votes.double(), page.frame_voting(f, e), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_views_are_embedded_apart_and_their_probabilities_averaged(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, clip, head = models
    frames = clips(4, n_views=3)
    w, e = reference_text(model, clip)
    scale = clip["logit_scale"].exp()
    of_views = []
    for view in range(3):
        f = page.frame_embeddings(clip, normalized(frames)[:, view], N_VISUAL_HEADS)
        of_views.append(page.spotting_cosines(page.video_head(head, f, N_TEXT_HEADS), w, e))
    cosines = torch.stack(of_views, dim=1)
    apart = model.score_views(model.embed_views(frames), rows(model))
    close((apart / model.backbone.logit_scale).double(), cosines)
    expected = (scale * cosines).softmax(dim=-1).mean(dim=1)
    assert_close(model(frames, rows(model)).softmax(dim=-1).double(), expected, atol=1e-5, rtol=1e-4)
    monkeypatch.setattr(model, "test_scale", "none")  # as the authors' test with the head, whose last softmax is ours
    found = model(frames, rows(model)).exp().softmax(dim=-1)
    close(found.double(), page.probabilities_with_head(cosines))


def test_a_training_step_has_the_loss_and_the_gradients_of_the_page(models: Models) -> None:
    model, clip, head = models
    frames, labels = clips(4).repeat(2, 1, 1, 1, 1, 1)[:4], [3, 0, 3, 2]
    frames[3] = 255 - frames[3]
    model.zero_grad()
    embedded = model.embed_views(frames)
    losses = model.losses(model.score(embedded, rows(model)), embedded, torch.tensor(labels))
    assert list(losses) == ["contrastive"]
    losses["contrastive"].backward()
    of_batch = [TEXT.prompts[label][0] for label in labels]
    clip, head = ({k: v.clone().requires_grad_() for k, v in state.items()} for state in (clip, head))
    loss = page.training_loss(
        clip,
        head,
        normalized(frames)[:, 0],
        model.backbone.tokenize(of_batch),
        labels,
        visual_heads=N_VISUAL_HEADS,
        head_heads=N_TEXT_HEADS,
    )
    loss.backward()
    close(losses["contrastive"].double(), loss)
    trained = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    ours = {f"video_head.{name}": value for name, value in our_head_names(head).items()}
    expected = {**{f"backbone.clip.{name}": value for name, value in clip.items()}, **ours}
    assert set(ours) < set(trained)
    for name, gradient in trained.items():
        of_page = expected[name].grad
        assert gradient is not None, name
        assert of_page is not None, name
        assert_close(gradient.double(), of_page, atol=1e-4 * float(of_page.abs().max()), rtol=1e-3, msg=name)
    still = {name for name, p in model.backbone.clip.named_parameters() if not p.requires_grad}
    assert still == {name for name in clip if name != "logit_scale" and not name.startswith("visual.")}


@torch.no_grad()
def test_the_head_divides_small_embeddings_by_their_own_deviation(models: Models) -> None:
    """The eps of its layer norms is 1e-12: with CLIP's 1e-5, deviations of 0.001 would be taken for 0.003."""
    model, _, head = models
    small = {**head, "frame_position_embeddings.weight": 0.0 * head["frame_position_embeddings.weight"]}
    f = 0.001 * torch.randn(2, 4, 32)
    assert model.video_head is not None
    of_positions = model.video_head.positions
    before = of_positions.clone()
    of_positions.zero_()
    found = model.video_head(f)
    of_positions.copy_(before)
    close(found.double(), page.video_head(small, f.double(), N_TEXT_HEADS))


@torch.no_grad()
def test_padding_takes_part_in_the_spotting_and_is_not_all_alike(models: Models) -> None:
    model, clip, head = models
    y = page.video_head(head, page.frame_embeddings(clip, normalized(clips(4))[:, 0], N_VISUAL_HEADS), N_TEXT_HEADS)
    w, e = reference_text(model, clip)
    whole = page.spotting_cosines(y, w, e)
    tokens = model.backbone.tokenize([TEXT.prompts[0][0]])
    end = int(tokens.argmax())
    assert (tokens[0, end + 1 :] == 0).all()
    cut = page.spotting_cosines(y, w[:1, : end + 1], e[:1])
    assert (whole[:, :1] - cut).abs().max() > 1e-3
    assert w[0, end + 1 :].std(dim=0).max() > 0.01


@torch.no_grad()
def test_a_video_does_not_change_others(models: Models) -> None:
    model, _, _ = models
    frames = clips(4)
    before = model(frames, rows(model))
    frames[1] = 255 - frames[1]
    after = model(frames, rows(model))
    assert_close(after[[0, 2]], before[[0, 2]], atol=1e-4, rtol=1e-5)
    assert (after[1] - before[1]).abs().max() > 0.1


@torch.no_grad()
def test_the_head_tells_orders_of_frames_apart_and_the_tower_does_not(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _, _ = models
    frames = clips(4)
    with_head = model(frames, rows(model)) - model(frames.flip(2), rows(model))
    assert with_head.abs().max() > 0.1
    monkeypatch.setattr(model, "frame_source", "visual_tower")
    assert_close(model(frames, rows(model)), model(frames.flip(2), rows(model)), atol=1e-4, rtol=1e-5)


def test_a_view_of_more_frames_than_positions_is_refused(models: Models) -> None:
    model, _, _ = models
    with pytest.raises(ValueError, match=r"a view has 15 frames, but BIKE's video head has 14 positions; take fewer"):
        model.embed_views(clips(15))
