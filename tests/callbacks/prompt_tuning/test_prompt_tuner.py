"""PromptTuner equals a plain restatement of TPT, DTS-TPT and ZAR, whatever is shared, cut, batched or chunked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor, nn

from tests.reference import prompt_tuning as reference
from zsar.callbacks.prompt_tuning.prompt_learner import ClassPosition, PromptLearner, phrase_tokens
from zsar.callbacks.prompt_tuning.prompt_tuner import PromptTuner, TunedPrompts, TuningRule
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import mean_pooled_cosine, weighted_views

TOKENIZER = open_clip.SimpleTokenizer()
NAMES = ["brush hair", "ride a horse", "cartwheel", "play the violin"]
EXPLANATIONS = ["untangle hair with a brush", "sit on a moving horse", "turn sideways", "draw a bow on strings"]
VISION = {"image_size": 32, "layers": 2, "width": 48, "head_width": 16, "patch_size": 16}
TEXT = {"context_length": 20, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
RULE = TuningRule(
    schedule=("all",),
    consistency="single",
    confident_share=0.5,
    selection="every_step",
    learning_rate=5e-3,
    weight_decay=0.01,
)


def tower(kind: str) -> Any:
    """A random CLIP whose texts and views differ enough for entropies not to tie."""
    torch.manual_seed(0)
    if kind == "CLIP":
        clip: Any = open_clip.CLIP(embed_dim=32, vision_cfg=VISION, text_cfg=TEXT)
    else:
        more: dict[str, Any] = {"argmax": {}, "last": {"no_causal_mask": True, "pool_type": "last"}}[kind]
        clip = open_clip.CustomTextCLIP(embed_dim=32, vision_cfg=VISION, text_cfg={**TEXT, **more})
    text = clip if kind == "CLIP" else clip.text
    with torch.no_grad():
        text.token_embedding.weight.mul_(20)
        text.positional_embedding.mul_(20)
    return clip.eval()


def tune(
    clip: Any,
    videos: Tensor,
    weights: Sequence[int],
    texts: Sequence[Sequence[str]],
    rule: TuningRule,
    *,
    class_position: ClassPosition = "end",
    memory_mb: float = 2000.0,
) -> tuple[PromptTuner, TunedPrompts, Tensor]:
    """Tunes the videos [B, V, T, 3, H, W], and gives their frame embeddings too."""
    text = OpenClipText(clip, "ViT-B-32", "a test's model")
    phrase = "a photo of a"
    tokens = phrase_tokens(text, phrase)
    learners = [
        PromptLearner(
            text,
            [[one] for one in texts_of_set],
            phrase=phrase,
            n_context=len(tokens),
            class_position=class_position,
            device=torch.device("cpu"),
        )
        for texts_of_set in texts
    ]

    def score_views(frames: Tensor, classes: Tensor) -> Tensor:
        return mean_pooled_cosine(frames, classes, clip.logit_scale.exp())[:, :, 0]

    for parameter in clip.parameters():
        parameter.requires_grad_(False)
    with torch.no_grad():
        frames = clip.encode_image(videos.flatten(0, 2)).unflatten(0, videos.shape[:3])
        tuner = PromptTuner(learners, text.embed_tokens(tokens), score_views, rule, memory_mb=memory_mb)
        tuned = tuner.tune(frames, torch.tensor(weights, dtype=torch.float32), list(range(len(videos))))
    return tuner, tuned, frames


def predict(
    tuner: PromptTuner, tuned: TunedPrompts, frames: Tensor, scale: Tensor, weights: Sequence[int] | None
) -> Tensor:
    """Logits [B, C] as the callback has them; on the confident views where weights are given."""
    answers = []
    for classes in tuned.class_texts:
        scores = mean_pooled_cosine(frames, classes, scale)[:, :, 0]
        if weights is None:
            answers.append(scores[:, 0])
        else:
            share = tuner.confident_views(frames, classes, torch.tensor(weights, dtype=torch.float32))
            answers.append(weighted_views(scores, share))
    if len(answers) == 1:
        return answers[0]
    return torch.stack([answer.log_softmax(dim=1) for answer in answers]).exp().mean(dim=0).log()


SUBSETS = {"all": (0, 1, 2, 3), "right-3": (1, 2, 3), "left-2": (0, 1), "centre-2": (1, 2)}
VARIANTS = {
    "TPT": (replace(RULE, selection="once", schedule=("all", "all"), confident_share=0.3), 1, [1] * 7),
    "DTS-TPT, names": (replace(RULE, schedule=("all", "right-3", "left-2")), 1, [1] * 7),
    "DTS-TPT, hybrid": (replace(RULE, consistency="hybrid", schedule=("all", "right-3", "centre-2")), 2, [1] * 7),
    "DTS-TPT, parallel": (replace(RULE, consistency="parallel", schedule=("all", "right-3")), 2, [1] * 7),
    "DTS-TPT, switch": (replace(RULE, consistency="switch", schedule=("all", "right-3", "all")), 2, [1] * 7),
    "ZAR": (replace(RULE, confident_share=0.8), 1, [0, 4, 4, 1, 1, 1, 1]),
    "one confident view": (replace(RULE, confident_share=0.01), 1, [1] * 7),
    "untuned": (replace(RULE, schedule=()), 1, [1] * 7),
}


@pytest.mark.parametrize("prediction", ["original", "confident_views"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_method_equals_its_restatement(variant: str, prediction: str) -> None:
    rule, n_sets, weights = VARIANTS[variant]
    assert_equal_to_the_restatement(tower("CLIP"), rule, n_sets, weights, prediction=prediction)


@pytest.mark.parametrize("kind", ["CLIP", "argmax", "last"])
@pytest.mark.parametrize("position", ["end", "middle", "front"])
def test_every_place_of_the_context_and_kind_of_tower_equals_the_restatement(
    position: ClassPosition, kind: str
) -> None:
    rule = replace(RULE, consistency="hybrid", schedule=("all", "right-3"))
    assert_equal_to_the_restatement(tower(kind), rule, 2, [1] * 7, class_position=position)


def assert_equal_to_the_restatement(
    clip: Any,
    rule: TuningRule,
    n_sets: int,
    weights: list[int],
    *,
    prediction: str = "original",
    class_position: ClassPosition = "end",
    memory_mb: float = 2000.0,
) -> None:
    texts = [NAMES, EXPLANATIONS][:n_sets]
    videos = 2 * torch.randn(2, 7, 4, 3, 32, 32, generator=torch.Generator().manual_seed(3))
    tuner, tuned, frames = tune(clip, videos, weights, texts, rule, class_position=class_position, memory_mb=memory_mb)
    logits = predict(tuner, tuned, frames, clip.logit_scale.exp(), weights if prediction != "original" else None)
    settings = reference.Settings(
        phrase="a photo of a",
        class_position=class_position,
        schedule=tuple(SUBSETS[subset] for subset in rule.schedule),
        consistency=rule.consistency,
        confident_share=rule.confident_share,
        select_once=rule.selection == "once",
        learning_rate=rule.learning_rate,
        weight_decay=rule.weight_decay,
        prediction=prediction,
    )
    complete = [[f"{text}." for text in of_set] for of_set in texts]
    assert not tuned.failed.any()
    for video in range(2):
        with torch.enable_grad():
            expected = reference.tune(
                clip, TOKENIZER.encode, videos[video], weights, complete, settings, sot=49406, eot=49407
            )
        assert len(tuned.contexts) == len(expected.contexts)
        for ours, theirs in zip(tuned.contexts, expected.contexts, strict=True):
            assert ours[video].shape == theirs.shape
            torch.testing.assert_close(ours[video], theirs, atol=1e-4, rtol=0)
        torch.testing.assert_close(logits[video], expected.logits, atol=1e-4, rtol=0)
    if rule.schedule:
        assert (tuned.contexts[0] - tuner._initial_context).abs().max() > rule.learning_rate / 2


@pytest.mark.parametrize("variant", ["TPT", "DTS-TPT, hybrid", "DTS-TPT, parallel"])
@pytest.mark.parametrize("memory_mb", [1e-9, 0.06])
def test_memory_bounds_change_nothing(variant: str, memory_mb: float) -> None:
    """The smaller bound holds one prompt, the larger one some of them, but not those of a video."""
    rule, n_sets, weights = VARIANTS[variant]
    clip = tower("CLIP")
    assert_equal_to_the_restatement(clip, rule, n_sets, weights, memory_mb=memory_mb)


def test_the_memory_bounds_of_the_tests_are_in_effect() -> None:
    tuner, _, _ = tune(tower("CLIP"), torch.randn(1, 2, 4, 3, 32, 32), [1, 1], [NAMES], RULE)
    (learner,) = tuner._learners
    assert learner.bytes_per_video > 0.06e6
    assert [part.stop - part.start for part in learner.parts(most_bytes=1e-3)] == [1, 1, 1, 1]
    assert 1 < len(learner.parts(most_bytes=0.06e6)) < 4


def test_a_video_is_tuned_alike_alone_and_among_others() -> None:
    rule, _, weights = VARIANTS["DTS-TPT, hybrid"]
    videos = 2 * torch.randn(5, 7, 4, 3, 32, 32)
    clip = tower("CLIP")
    _, together, _ = tune(clip, videos, weights, [NAMES, EXPLANATIONS], rule)
    _, reversed_, _ = tune(clip, videos.flip(0), weights, [NAMES, EXPLANATIONS], rule)
    _, alone, _ = tune(clip, videos[3:4], weights, [NAMES, EXPLANATIONS], rule)
    torch.testing.assert_close(together.contexts[0], reversed_.contexts[0].flip(0), atol=1e-5, rtol=0)
    torch.testing.assert_close(together.contexts[0][3:4], alone.contexts[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("memory_mb", [2000.0, 1e-9])
def test_a_video_with_nan_keeps_its_untuned_prompt_and_harms_no_other(memory_mb: float) -> None:
    rule, _, weights = VARIANTS["DTS-TPT, names"]
    clip = tower("CLIP")
    videos = 2 * torch.randn(3, 7, 4, 3, 32, 32)
    broken = videos.clone()
    broken[1, 2] = torch.nan
    _, good, _ = tune(clip, videos, weights, [NAMES], rule, memory_mb=memory_mb)
    tuner, bad, _ = tune(clip, broken, weights, [NAMES], rule, memory_mb=memory_mb)
    assert bad.failed.tolist() == [False, True, False]
    torch.testing.assert_close(bad.class_texts[0][1], tuner.untuned[0], atol=0, rtol=0)
    assert torch.equal(bad.contexts[0][1], tuner._initial_context)
    for other in (0, 2):
        torch.testing.assert_close(bad.contexts[0][other], good.contexts[0][other], atol=1e-5, rtol=0)


def test_random_frames_are_drawn_for_each_video_from_its_seed() -> None:
    rule = replace(RULE, schedule=("random-2", "random-2"))
    clip = tower("CLIP")
    video = 2 * torch.randn(1, 7, 4, 3, 32, 32)
    tuner, _, frames = tune(clip, video, [1] * 7, [NAMES], rule)
    same, other = frames.expand(2, -1, -1, -1), torch.ones(7)
    contexts = tuner.tune(same, other, [5, 5]).contexts[0], tuner.tune(same, other, [5, 6]).contexts[0]
    assert torch.equal(contexts[0][0], contexts[0][1])
    assert not torch.equal(contexts[1][0], contexts[1][1])


def test_prompts_through_text_adapters_are_those_of_the_adapted_tower() -> None:
    from zsar.lightning_modules.t2l.t2l import T2L

    model = T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=2).eval()
    assert model.text_blocks is not None
    for parameter in model.text_blocks.parameters():
        nn.init.normal_(parameter, std=0.1)
    text = model.backbone.text
    tokens = phrase_tokens(text, "a photo of a")
    learner = PromptLearner(
        text,
        [["red circle"], ["a photo of a blue square to the left"]],
        phrase="a photo of a",
        n_context=4,
        class_position="end",
        device=torch.device("cpu"),
        block_forward=model.text_block_forward,
    )
    context = text.embed_tokens(tokens)[None]
    ours = learner.assemble([learner.encode(context, part) for part in learner.parts(most_bytes=1.0)])
    prompts = model.backbone.tokenize(["a photo of a red circle.", "a photo of a blue square to the left."])
    expected = nn.functional.normalize(model.embed_text(prompts), dim=-1)[None, :, None]
    assert ours.shape == expected.shape
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)


def test_an_unknown_text_tower_is_refused() -> None:
    backbone = OpenClipBackbone("tiny-clip", "random")
    backbone.text._clip = nn.Module()
    with pytest.raises(RuntimeError, match="is a NoneType, neither a text transformer of open_clip nor"):
        backbone.text.embed_tokens(torch.tensor([1]))
