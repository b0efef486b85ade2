"""Tests of `BIKE`: what is trained and how fast, the scale of tests, and settings that do not fit each other."""

from collections.abc import Callable

import pytest
import torch
from torch.testing import assert_close

from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_hash
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring

BACKBONE = TrainedClipSettings("tiny-clip", "random")
VOTING = {"scoring": Scoring("frame_voting"), "frame_source": "visual_tower"}


def bike(**arguments: object) -> BIKE:
    torch.manual_seed(0)
    return BIKE(**{"backbone": BACKBONE, "n_head_layers": 2, **arguments})  # type: ignore[arg-type]


def rows(model: BIKE, n_classes: int = 5) -> torch.Tensor:
    n_positions = model.backbone.text.context_length
    return torch.nn.functional.normalize(torch.randn(n_classes, 1, 1 + n_positions, 64), dim=-1).flatten(2)


def test_the_visual_tower_the_scale_and_the_head_are_trained_at_two_rates() -> None:
    model = bike()
    configured = model.optimization.configure(model.parameter_groups(), 60)
    assert model.video_head is not None
    head, clip = configured["optimizer"].param_groups
    assert (head["initial_lr"], clip["initial_lr"]) == (5e-5, 5e-6)
    assert (head["betas"], head["eps"], head["weight_decay"], clip["weight_decay"]) == ((0.9, 0.999), 1e-8, 0.2, 0.2)
    assert {id(p) for p in head["params"]} == {id(p) for p in model.video_head.parameters()}
    expected = [model.backbone.clip.logit_scale, *model.backbone.clip.visual.parameters()]
    assert {id(p) for p in clip["params"]} == {id(p) for p in expected}
    # 5 epochs of 30 are warm-up, and the last step is next to 0.
    rates = [model.optimization.rate_at(step, 60) for step in range(60)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[-1] < 0.002


def test_the_hash_is_of_the_clip_from_which_training_began() -> None:
    model = bike()
    before = model.backbone.weights_hash
    with torch.no_grad():
        model.backbone.clip.visual.proj.add_(1)
    assert model.backbone.weights_hash == before


def test_without_the_scale_views_are_averaged_nearly_as_cosines() -> None:
    """By hand, the authors' (H): softmax of each view's raw cosines over the classes, then the mean over views."""
    trained, published = bike().eval(), bike(test_scale="none").eval()
    frames, classes = torch.randn(3, 2, 4, 64), rows(trained)
    embedded = EmbeddedBatch(frames, (classes,))
    scale = trained.backbone.logit_scale
    cosines = published.score_views(frames, classes) / scale  # which prompt tuning takes: always scaled
    for model, factor in ((trained, scale), (published, 1.0)):
        expected = (factor * cosines).softmax(dim=-1).mean(dim=1)
        assert_close(model.probabilities(embedded).relative, expected)
        assert_close(model.score(frames, classes).softmax(dim=-1), expected)
    assert published.probabilities(embedded).relative.std() < 0.1 * trained.probabilities(embedded).relative.std()


def test_training_takes_the_trained_scale_whatever_tests_do() -> None:
    frames = torch.randn(3, 1, 4, 64)
    trained, published = bike(), bike(test_scale="none")
    for model in (trained, published):
        model.train()
    classes = rows(trained)
    assert_close(published.score(frames, classes), trained.score(frames, classes), rtol=0, atol=0)


def test_without_a_head_the_towers_frames_are_compared() -> None:
    frames = torch.randn(2, 4, 3, 32, 32)
    for model in (bike(n_head_layers=0), bike(frame_source="visual_tower")):
        of_tower = model.backbone.encode_frames(frames.flatten(0, 1)).unflatten(0, (2, 4))
        assert_close(model.embed_frames(frames), of_tower)
    with_head = bike()
    assert not torch.allclose(with_head.embed_frames(frames), of_tower, atol=1e-2)


def test_frames_of_the_head_and_of_the_tower_are_not_taken_for_each_other() -> None:
    assert bike().frame_variant != bike(frame_source="visual_tower").frame_variant
    assert tower_hash(bike()) != tower_hash(bike(frame_source="visual_tower"))


@pytest.mark.parametrize("arguments", [VOTING, {"frame_source": "visual_tower"}, {"scoring": Scoring("frame_voting")}])
def test_what_leaves_out_the_head_or_the_scale_is_not_trained(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"which are for tests: .*; give 'concept_spotting' and 'video_head'"):
        bike(**arguments).parameter_groups()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bike(test_scale="none", **VOTING), "the votes of frames have a scale of their own; leave it out"),
        (lambda: bike(test_scale="one"), "test_scale must be one of trained, none; got 'one'"),
        (lambda: bike(frame_source="head"), "frame_source must be one of video_head, visual_tower; got 'head'"),
        (lambda: bike(n_head_layers=-1), "n_head_layers must be at least 0; got -1"),
        (lambda: bike(clip_learning_rate=0.0), "clip_learning_rate must be positive; got 0.0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(make: Callable[[], BIKE], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_spotting_model_without_a_head_can_be_trained() -> None:
    (head, rate), (clip, clip_rate) = bike(n_head_layers=0).parameter_groups()
    assert (head, rate, clip_rate) == ([], None, 5e-6)
    assert clip
