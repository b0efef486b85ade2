"""PromptAdaptation without a Trainer: what a batch becomes, and that the model stays as it was."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from open_clip import SimpleTokenizer
from torch.nn import functional

from tests.reference import prompt_tuning as reference
from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation, PromptSettings, _initial_context
from zsar.callbacks.prompt_tuning.prompt_tuner import TuningRule
from zsar.datamodules.batch import ClassText, VideoBatch, ViewBatch
from zsar.lightning_modules.bike.bike import BIKE, FrameSource
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import Scorer, Scoring

TOKENIZER = SimpleTokenizer()
TEXT = ClassText("test", ("red", "green", "blue"), (("red one",), ("green one",), ("blue one",)), "test")


def settings(**changes: Any) -> PromptSettings:
    given: dict[str, Any] = {
        "phrase": "a photo of a",
        "n_random_tokens": None,
        "class_position": "end",
        "texts": ("names",),
        "full_stop": True,
        "saliency": "exact",
        "prediction": "original",
        "memory_mb": 2000.0,
        "views_per_pass": 3,
    }
    return PromptSettings(**{**given, **changes})


def rule(n_steps: int = 1) -> TuningRule:
    return TuningRule(
        schedule=("all",) * n_steps,
        consistency="single",
        confident_share=0.5,
        selection="every_step",
        learning_rate=0.1,
        weight_decay=0.0,
    )


def model_of(kind: type[ActionRecognizer], **settings: Any) -> ActionRecognizer:
    """An untrained model whose texts differ."""
    torch.manual_seed(0)
    model = kind(backbone=TrainedClipSettings("tiny-clip", "random"), **settings).eval()
    with torch.no_grad():
        model.backbone.clip.token_embedding.weight.mul_(20)
    return model


def batch_of(n_videos: int = 2, n_views: int = 4) -> VideoBatch:
    """Noise: one view to predict on, and some to tune on, of 4 frames."""
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(256, (n_videos, 1 + n_views, 4, 3, 32, 32), dtype=torch.uint8, generator=generator)
    weights = torch.tensor([0.0] + [1.0] * n_views)
    views = ViewBatch(frames[:, 1:], weights, torch.arange(n_videos), torch.full((n_videos,), 0.25))
    labels = torch.arange(n_videos)
    return VideoBatch(frames[:, :1], labels, labels, torch.zeros(n_videos, dtype=torch.bool), views=views)


def adapted(model: ActionRecognizer, n_steps: int = 1, **changes: Any) -> PromptAdaptation:
    return PromptAdaptation(model, [TEXT], prompts=settings(**changes), rule=rule(n_steps), seed=0)


def test_a_test_without_the_scale_is_refused_as_its_probabilities_are_nearly_uniform() -> None:
    assert adapted(model_of(BIKE, test_scale="trained")).untuned is None
    with pytest.raises(ValueError, match="test_scale is 'none', but .*; give --model.test_scale trained"):
        adapted(model_of(BIKE, test_scale="none"))


def test_frames_are_the_models_and_every_video_has_classes_of_its_own() -> None:
    model, batch = model_of(ZeroShotCLIP), batch_of()
    embedded = adapted(model).adapt(batch, TEXT)
    assert embedded.view_weights is None
    torch.testing.assert_close(embedded.frames, model.embed_views(batch.frames))
    (classes,) = embedded.class_texts
    assert classes.shape == (2, 3, 1, 64)
    torch.testing.assert_close(classes.norm(dim=-1), torch.ones(2, 3, 1))
    assert (classes[0] - classes[1]).abs().max() > 1e-3


@pytest.mark.parametrize("n_test_frames", [4, 6])
def test_a_test_view_of_its_own_length_is_predicted_on_as_in_the_restatement(n_test_frames: int) -> None:
    """ZAR: everywhere 16 frames; base to novel 8 to tune on, and 16 to predict on."""
    model, batch = model_of(ZeroShotCLIP), batch_of()
    assert batch.views is not None
    longer = torch.cat([batch.frames, batch.views.frames[:, :1]], dim=2)[:, :, :n_test_frames]
    batch = replace(batch, frames=longer)
    assert batch.frames.shape[2] == n_test_frames
    logits = model.score_embedded(adapted(model, n_steps=2).adapt(batch, TEXT))
    for video, expected in enumerate(as_restated(model, batch, rule(2))):
        torch.testing.assert_close(logits[video], expected.logits, atol=2e-3, rtol=0)


SUBSETS = {"all": (0, 1, 2, 3), "right-3": (1, 2, 3), "right-2": (2, 3)}


def as_restated(
    model: ActionRecognizer, batch: VideoBatch, rule: TuningRule, *, score: str = "mean_frame", full_stop: bool = True
) -> list[reference.Result]:
    """What the restatement makes of each video with the names, and the explanations where there are two sets."""
    assert batch.views is not None
    mark = "." if full_stop else ""
    names, explanations = ([f"{text}{mark}" for text in texts] for texts in (TEXT.names, [p for (p,) in TEXT.prompts]))
    settings = reference.Settings(
        phrase="a photo of a",
        class_position="end",
        schedule=tuple(SUBSETS[subset] for subset in rule.schedule),
        consistency=rule.consistency,
        confident_share=rule.confident_share,
        select_once=rule.selection == "once",
        learning_rate=rule.learning_rate,
        weight_decay=rule.weight_decay,
        prediction="original",
        score=score,
    )
    return [
        reference.tune(
            model.backbone.clip,
            TOKENIZER.encode,
            model.backbone.normalize_frames(batch.views.frames)[video],
            batch.views.weights[1:].int().tolist(),
            [names] if rule.consistency == "single" else [names, explanations],
            settings,
            sot=49406,
            eot=49407,
            encode_views=model.embed_frames,
            test_view=model.backbone.normalize_frames(batch.frames)[video, 0],
        )
        for video in range(len(batch))
    ]


BIKES: dict[str, tuple[FrameSource, Scorer, str]] = {
    "M0": ("visual_tower", "mean_pooled_cosine", "mean_frame"),
    "M": ("video_head", "mean_pooled_cosine", "mean_frame"),
    "V": ("video_head", "concept_spotting", "spotting"),
}
"""Frame source and scorer of BIKE's three variants, and the restatement's word for the score."""
DTS_TPT = replace(rule(), schedule=("all", "right-3", "right-2"), consistency="hybrid", learning_rate=5e-3)
RULES = {
    "TPT, 1 step": replace(rule(1), selection="once", learning_rate=5e-3),
    "TPT, 2 steps": replace(rule(2), selection="once", learning_rate=5e-3),
    "DTS-TPT, hybrid": DTS_TPT,
    "DTS-TPT, parallel": replace(DTS_TPT, consistency="parallel"),
    "ZAR": replace(rule(), confident_share=0.8, learning_rate=5e-3),
}


@pytest.mark.parametrize(
    ("variant", "method"),
    [("M0", "DTS-TPT, hybrid"), ("M", "DTS-TPT, hybrid"), *(("V", method) for method in RULES)],
)
def test_bike_is_tuned_as_in_the_restatement(variant: str, method: str) -> None:
    """With a full stop and without, views that count several times, and a logit scale of its own."""
    source, scorer, score = BIKES[variant]
    model = model_of(BIKE, scoring=Scoring(scorer), frame_source=source)
    with torch.no_grad():
        model.backbone.clip.logit_scale.fill_(3.0)
        for parameter in model.get_submodule("video_head").parameters():
            parameter.mul_(5)  # else it hardly departs from the tower
    assert_as_restated(model, RULES[method], score, full_stop=method != "ZAR")


def test_open_vclip_is_tuned_as_in_the_restatement_with_the_weights_and_scale_of_the_test() -> None:
    """Every view passes through the tower as a whole clip; steps choose among its frames."""
    model = model_of(OpenVCLIP, tuned_share=0.25)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
        model.backbone.clip.logit_scale.fill_(1.0)
    trained = model.backbone.clip.logit_scale.item()
    model.prepare_inference()
    assert model.backbone.clip.logit_scale.item() == pytest.approx(0.25 * trained + 0.75 * 2.6593, abs=1e-3)
    assert_as_restated(model, DTS_TPT, "mean_cosine")


def assert_as_restated(model: ActionRecognizer, rule: TuningRule, score: str, *, full_stop: bool = True) -> None:
    batch = batch_of()
    assert batch.views is not None
    batch = replace(batch, views=replace(batch.views, weights=torch.tensor([0.0, 1.0, 2.0, 1.0, 1.0])))
    texts: Any = ("names",) if rule.consistency == "single" else ("names", "class_text")
    tuning = PromptAdaptation(model, [TEXT], prompts=settings(texts=texts, full_stop=full_stop), rule=rule, seed=0)
    logits = model.score_embedded(tuning.adapt(batch, TEXT))
    assert tuning.untuned is not None
    for video, expected in enumerate(as_restated(model, batch, rule, score=score, full_stop=full_stop)):
        torch.testing.assert_close(tuning.untuned.predicted[video], expected.untuned_logits, atol=1e-4, rtol=0)
        torch.testing.assert_close(logits[video], expected.logits, atol=1e-4, rtol=0)
        assert (expected.logits - expected.untuned_logits).abs().max() > 1e-3


def test_prompts_can_be_made_before_the_first_batch_which_then_uses_them() -> None:
    model, batch = model_of(ZeroShotCLIP), batch_of()
    adaptation = adapted(model)
    adaptation.prepare(TEXT)
    prepared = adaptation._tuners["test"]
    (classes,) = adaptation.adapt(batch, TEXT).class_texts
    assert adaptation._tuners["test"] is prepared
    torch.testing.assert_close(classes, adapted(model).adapt(batch, TEXT).class_texts[0])


def test_a_text_that_does_not_fit_is_told_when_prompts_are_made() -> None:
    long = ClassText("test", ("red", "blue"), (("red",), ("blue",)), "test")
    adaptation = PromptAdaptation(
        model_of(ZeroShotCLIP), [long], prompts=settings(phrase="word " * 74), rule=rule(), seed=0
    )
    with pytest.raises(ValueError, match="token"):
        adaptation.prepare(long)


def test_what_a_batch_was_untuned_can_be_read() -> None:
    model, batch = model_of(ZeroShotCLIP), batch_of()
    adaptation = adapted(model)
    assert adaptation.untuned is None
    tuned = model.score_embedded(adaptation.adapt(batch, TEXT))
    assert adaptation.untuned is not None
    without = adapted(model, n_steps=0)
    torch.testing.assert_close(adaptation.untuned.predicted, model.score_embedded(without.adapt(batch, TEXT)))
    assert (adaptation.untuned.predicted - tuned).abs().max() > 1e-3


def test_without_a_step_the_classes_are_those_of_the_phrase() -> None:
    model = model_of(ZeroShotCLIP)
    (classes,) = adapted(model, n_steps=0).adapt(batch_of(), TEXT).class_texts
    prompts = model.backbone.tokenize([f"a photo of a {name}." for name in TEXT.names])
    expected = functional.normalize(model.embed_text(prompts).detach(), dim=-1)
    torch.testing.assert_close(classes, expected[None, :, None].expand(2, -1, -1, -1), atol=1e-5, rtol=0)


def test_confident_views_are_scored_with_their_shares() -> None:
    embedded = adapted(model_of(ZeroShotCLIP), prediction="confident_views").adapt(batch_of(), TEXT)
    assert embedded.frames.shape[:2] == (2, 5)
    assert embedded.view_weights is not None
    (weights,) = embedded.view_weights
    torch.testing.assert_close(weights.sort(dim=1).values, torch.tensor([[0.0, 0.0, 0.0, 0.5, 0.5]] * 2))


def test_the_weights_of_a_model_that_trains_stay_and_may_be_trained_after() -> None:
    model = model_of(FineTunedCLIP)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    with torch.inference_mode():
        adapted(model).adapt(batch_of(), TEXT)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert [name for name, parameter in model.named_parameters() if parameter.requires_grad] == trained
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_tuning_changed_is_counted_for_the_last_batch() -> None:
    model, batch = model_of(ZeroShotCLIP), batch_of()
    adaptation = adapted(model, n_steps=0)
    logits = model.score_embedded(adaptation.adapt(batch, TEXT))
    totals = adaptation.count(batch, logits, TEXT)
    assert totals is adaptation.totals["test"]
    assert (totals.n, totals.n_labelled, totals.flipped_right, totals.flipped_wrong) == (2, 2, 0, 0)
    assert totals.right_before == totals.right_after == int((logits.argmax(dim=1) == batch.labels).sum())
    assert totals.view_seconds == pytest.approx(0.5)


def test_a_random_context_leaves_room_for_a_text() -> None:
    """Before it is drawn: 10^10 tokens would fill the memory."""
    model = model_of(ZeroShotCLIP)
    most = model.backbone.text.context_length - 3
    for n in (most + 1, 10**10):
        with pytest.raises(ValueError, match=f"n_random_tokens must be at most {most} with this model; got {n}"):
            adapted(model, phrase=None, n_random_tokens=n).prepare(TEXT)


def test_a_random_context_has_its_tokens_and_the_seed_of_the_run() -> None:
    model, prompts = model_of(ZeroShotCLIP), settings(phrase=None, n_random_tokens=5)
    contexts = [_initial_context(model, prompts, seed=seed) for seed in (1, 1, 2)]
    assert contexts[0].shape == (5, 64)
    assert torch.equal(contexts[0], contexts[1])
    assert not torch.equal(contexts[0], contexts[2])
    assert contexts[0].std() == pytest.approx(0.02, rel=0.2)
