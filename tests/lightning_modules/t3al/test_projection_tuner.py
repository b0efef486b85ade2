from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.localization.frame_scoring import Projections
from zsar.lightning_modules.t3al.frame_norms import FrameNorms
from zsar.lightning_modules.t3al.projection_tuner import tune_projections
from zsar.lightning_modules.t3al.projection_tuning import (
    ProjectionTuning,
    TunedProjections,
    VideoToTune,
    draw_selection,
)

W, V, D = 7, 6, 5
QUICK = ProjectionTuning(n_steps=6, n_selected=3, learning_rate=1e-2, patience_steps=3, window_frames=4)
AUTHORS = ProjectionTuning(
    n_steps=12,
    n_selected=3,
    loss="authors",
    learning_rate=1e-2,
    visual_learning_rate=1e-3,
    weight_decay=1e-2,
    early_stop="none",
    patience_steps=None,
    similarity="authors",
    smoothed="final_and_selection",
    window_frames=4,
    window_edges="repeated",
    pools="overlapping",
    thinning="ends",
)


def own_projections(*, bias: bool = False) -> Projections:
    return Projections(
        visual=torch.randn(W, D, dtype=torch.float64),
        text=torch.randn(V, D, dtype=torch.float64),
        text_bias=torch.randn(D, dtype=torch.float64) if bias else None,
        log_scale=torch.tensor(1.2, dtype=torch.float64),
    )


def video(
    settings: ProjectionTuning, n_frames: int = 60, n_prompts: int = 1, seed: int = 0, **more: Any
) -> VideoToTune:
    return VideoToTune(
        features=torch.randn(n_frames, W, dtype=torch.float64),
        text=torch.randn(n_prompts, V, dtype=torch.float64),
        draws=draw_selection(settings, seed),
        **more,
    )


def by_reference(each: VideoToTune, own: Projections, settings: ProjectionTuning) -> tuple[Any, ...]:
    arguments = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    arguments["smoothed_scores"] = arguments.pop("smoothed")
    parts = (each.features, each.text, own.visual, own.text, own.text_bias, own.log_scale, each.draws)
    return reference.tune(*parts, **arguments, inside=each.inside)


def assert_same(ours: TunedProjections, expected: tuple[Any, ...]) -> None:
    visual, text, log_scale, losses, n_steps = expected
    assert ours.n_steps == n_steps
    assert_close(torch.tensor(ours.losses), torch.tensor(losses), atol=1e-7, rtol=1e-6)
    assert_close(ours.projections.visual, visual, atol=1e-9, rtol=1e-7)
    assert_close(ours.projections.text, text, atol=1e-9, rtol=1e-7)
    assert_close(ours.projections.log_scale, log_scale, atol=1e-9, rtol=1e-7)


VARIANTS: dict[str, dict[str, Any]] = {
    "paper": {},
    "representation": {"loss": "representation"},
    "separation": {"loss": "separation"},
    "binary cross-entropy": {"loss": "binary_cross_entropy"},
    "to the text": {"loss": "authors", "visual_learning_rate": 1e-3, "weight_decay": 1e-2},
    "visual only": {"trained": "visual"},
    "text only": {"trained": "text", "loss": "separation"},
    "background kept": {"background": "none"},
    "pseudo-label as background": {"background": "pseudo_label"},
    "selected by averages": {"smoothed": "final_and_selection"},
    "all averaged": {"smoothed": "all"},
    "all averaged, pseudo-label as background": {"smoothed": "all", "background": "pseudo_label"},
    "all averaged, repeated edges": {"smoothed": "all", "window_edges": "repeated"},
    "dot": {"similarity": "dot"},
    "dot, all averaged": {"similarity": "dot", "smoothed": "all"},
    "dot, all averaged, background kept": {"similarity": "dot", "smoothed": "all", "background": "none"},
    "as before": {"similarity": "dot", "smoothed": "all", "early_stop": "no_new_lowest"},
    "scores of the authors": {"similarity": "authors"},
    "scores of the authors, background kept": {"similarity": "authors", "background": "none"},
    "pools of the authors": {"pools": "overlapping"},
    "thinning of the authors": {"thinning": "ends"},
    "impatient": {"patience_steps": 1, "n_steps": 20, "learning_rate": 0.3},
    "impatient for a lowest": {"patience_steps": 1, "n_steps": 20, "learning_rate": 0.3, "early_stop": "no_new_lowest"},
    "never stopped": {"early_stop": "none", "patience_steps": None, "n_steps": 20, "learning_rate": 0.3},
    "one frame": {"n_selected": 1},
    "authors": {name: getattr(AUTHORS, name) for name in AUTHORS.__dataclass_fields__},
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=list(VARIANTS))
def test_tuning_is_the_reference(variant: dict[str, Any]) -> None:
    settings = replace(QUICK, **variant)
    own = own_projections()
    each = video(settings)
    assert_same(tune_projections([each], own, settings)[0], by_reference(each, own, settings))


@pytest.mark.parametrize("n_frames", [1, 3, 5, 350, 700])
@pytest.mark.parametrize("settings", [QUICK, AUTHORS], ids=["paper", "authors"])
def test_videos_of_any_length_are_the_reference(n_frames: int, settings: ProjectionTuning) -> None:
    # Where a window covers the whole video all scores are alike, and what tells frames apart is rounding.
    if n_frames <= settings.window_frames:
        settings = replace(settings, smoothed="final")
    own = own_projections(bias=True)
    each = video(settings, n_frames, n_prompts=2)
    assert_same(tune_projections([each], own, settings)[0], by_reference(each, own, settings))


def test_a_video_with_several_pseudo_labels_is_projected_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FrameNorms] = []
    first = FrameNorms.__init__

    def counted(self: FrameNorms, *arguments: Any) -> None:
        made.append(self)
        first(self, *arguments)

    monkeypatch.setattr(FrameNorms, "__init__", counted)
    own = own_projections()
    each = video(QUICK)
    other = replace(each, text=torch.randn_like(each.text), draws=draw_selection(QUICK, 5))
    together = tune_projections([each, other], own, QUICK)
    assert len(made) == 1
    for ours, alone in zip(together, (each, other), strict=True):
        assert_same(ours, by_reference(alone, own, QUICK))


def test_without_a_temperature_in_the_loss_it_stays() -> None:
    own = own_projections()
    each = video(QUICK)
    assert torch.equal(tune_projections([each], own, QUICK)[0].projections.log_scale, own.log_scale)
    authors = video(AUTHORS)
    assert not torch.equal(tune_projections([authors], own, AUTHORS)[0].projections.log_scale, own.log_scale)


def test_a_binary_cross_entropy_of_cosines_does_not_saturate() -> None:
    own = replace(own_projections(), log_scale=torch.tensor(4.6, dtype=torch.float64))
    settings = replace(QUICK, loss="binary_cross_entropy", n_steps=1)
    (first,) = tune_projections([video(settings)], own, settings)[0].losses
    assert 0.3 < first < 1.1  # from cosines of 1 and -1 to those of -1 and 1: 0.31 to 1.31


def test_the_oracle_of_selection_is_the_reference() -> None:
    own = own_projections()
    each = video(QUICK, inside=torch.arange(60) % 7 < 2)
    expected = by_reference(each, own, QUICK)
    assert_same(tune_projections([each], own, QUICK)[0], expected)
    without = tune_projections([replace(each, inside=None)], own, QUICK)[0]
    assert not torch.allclose(without.projections.visual, expected[0])


def test_each_video_of_a_batch_is_tuned_as_it_would_be_alone() -> None:
    settings = replace(QUICK, early_stop="no_new_lowest", patience_steps=2, n_steps=15, learning_rate=0.05)
    own = own_projections()
    videos = [video(settings, n, seed=n) for n in (1, 40, 300, 9, 60)]
    together = tune_projections(videos, own, settings)
    alone = [tune_projections([each], own, settings)[0] for each in videos]
    assert len({result.n_steps for result in together}) > 2  # they stop at different steps
    for ours, expected in zip(together, alone, strict=True):
        assert ours.n_steps == expected.n_steps
        assert_close(ours.projections.visual, expected.projections.visual)
        assert_close(ours.projections.text, expected.projections.text)
        assert_close(ours.projections.log_scale, expected.projections.log_scale)


def test_the_loss_falls_and_everything_that_it_depends_on_changes() -> None:
    settings = replace(QUICK, n_steps=150, patience_steps=150, learning_rate=1e-2)
    own = own_projections()
    each = video(settings)
    acts = torch.arange(60) % 20 < 8
    action = torch.randn(W, dtype=torch.float64)
    # The class text points where the action does, as it would for a right pseudo-label.
    text = torch.linalg.lstsq(own.text.T, (action @ own.visual)[:, None]).solution.T
    each = replace(each, features=each.features / 2 + acts[:, None] * action, text=text)
    tuned = tune_projections([each], own, settings)[0]
    assert tuned.n_steps == 150
    assert sum(tuned.losses[-40:]) < 0.8 * sum(tuned.losses[:40])
    assert not torch.equal(tuned.projections.visual, own.visual)
    assert not torch.equal(tuned.projections.text, own.text)


def test_the_model_s_own_projections_stay_bit_by_bit() -> None:
    own = own_projections(bias=True)
    before = [tensor.clone() for tensor in (own.visual, own.text, own.text_bias, own.log_scale) if tensor is not None]
    tune_projections([video(QUICK), video(QUICK, seed=1)], own, QUICK)
    after = [tensor for tensor in (own.visual, own.text, own.text_bias, own.log_scale) if tensor is not None]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert not any(tensor.requires_grad for tensor in after)


@pytest.mark.parametrize("settings", [replace(QUICK, n_steps=0), QUICK])
def test_nothing_to_tune_gives_the_projections_as_they_were(settings: ProjectionTuning) -> None:
    own = own_projections()
    n_frames = 60 if settings.n_steps == 0 else 1
    tuned = tune_projections([video(settings, n_frames)], own, settings)[0]
    assert tuned.n_steps == 0
    assert tuned.losses == ()
    assert torch.equal(tuned.projections.visual, own.visual)


def test_it_works_within_inference_mode_on_inference_tensors() -> None:
    own = own_projections()
    each = video(QUICK)
    expected = tune_projections([each], own, QUICK)[0]
    with torch.inference_mode():
        copied = replace(each, features=each.features.clone(), text=each.text.clone())
        ours = tune_projections([copied], own, QUICK)[0]
    assert ours.n_steps > 0
    assert_close(ours.projections.visual, expected.projections.visual)


def test_other_draws_give_another_result() -> None:
    own = own_projections()
    each = video(QUICK)
    other = replace(each, draws=draw_selection(QUICK, 1))
    results = [tune_projections([v], own, QUICK)[0].projections.visual for v in (each, other)]
    assert not torch.equal(*results)


def test_constant_features_are_no_numbers_out_of_nothing() -> None:
    own = own_projections()
    each = replace(video(QUICK), features=torch.ones(60, W, dtype=torch.float64))
    tuned = tune_projections([each], own, QUICK)[0]
    assert tuned.projections.visual.isfinite().all()
    assert tuned.projections.text.isfinite().all()
