"""What each method does with a CLIP model, once: the code that would refuse a tower is asked by running it.

A trial raises `BackboneError` where the method refuses the model. Trainable methods make a training step: forward,
backward, optimizer. Without weights (`TriedClip.has_values`) only what depends on the towers is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from zsar.api.adaptation.adaptation_files import read_adaptation
from zsar.callbacks.pictures.attention.observed_video import observe_video
from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation, PromptSettings
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner, phrase_tokens
from zsar.datamodules.batch import VideoBatch, ViewBatch
from zsar.lightning_modules.ap_clip.ap_clip import APCLIP
from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.command_line.models.method_names import MethodName
from zsar.lightning_modules.command_line.models.trials.tried_clip import CLASSES, N_FRAMES, TriedClip
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.open_clip_captions import (
    CaptionSettings,
    check_can_caption,
    generate_captions,
)
from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.class_embeddings import choose_prompts
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.lightning_modules.recognition.video_text_model import VideoTextModel
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.taco.taco import TACO

ADAPTATIONS = ("tpt", "dts_tpt", "zar")
_N_LOCALIZED = 8  # frames of the video that localizers see

Trial = Callable[[TriedClip], str | None]
"""Tries a method; returns what of it does not work, or None. Raises `BackboneError` if nothing does."""


def _zero_shot(tried: TriedClip) -> None:
    _answer(ZeroShotCLIP(backbone=tried.settings), tried)


def _fine_tuned(tried: TriedClip) -> None:
    _train(FineTunedCLIP(backbone=tried.settings), tried)


def _ap_clip(tried: TriedClip) -> None:
    _train(APCLIP(backbone=tried.settings), tried)


def _bike(tried: TriedClip) -> None:
    _train(BIKE(backbone=tried.settings), tried)


def _open_vclip(tried: TriedClip) -> None:
    _train(OpenVCLIP(backbone=tried.settings), tried)


def _taco(tried: TriedClip) -> None:
    _train(TACO(backbone=tried.settings), tried)


def _gradient_checkpointing(tried: TriedClip) -> None:
    tried.backbone.gradient_checkpointing = True
    try:
        _train(FineTunedCLIP(backbone=tried.settings), tried)
    finally:
        tried.backbone.gradient_checkpointing = False


def _t2l(tried: TriedClip) -> str | None:
    try:
        _train(T2L(backbone=tried.settings, n_frames=N_FRAMES), tried)
    except BackboneError as error:
        _train(T2L(backbone=tried.settings, n_frames=N_FRAMES, text_adapters=False), tried)
        return f"only with text_adapters: false, as {error}"
    return None


def _prompt_tuning(tried: TriedClip) -> None:
    tunings = [read_adaptation(name).tuning for name in ADAPTATIONS]
    if not tried.has_values:  # the methods differ in phrases and steps, not in what they do with the tower
        _embed_prompts(tried.backbone.text, tunings[0].prompts)
        return
    model = ZeroShotCLIP(backbone=tried.settings).eval()
    for tuning in tunings:
        rule = replace(tuning.rule, schedule=("all",) * len(tuning.rule.schedule))  # for views of any length
        adaptation = PromptAdaptation(model, [CLASSES], prompts=tuning.prompts, rule=rule, seed=0)
        _check_finite(model.score_embedded(adaptation.adapt(_with_views(tried), CLASSES)))


def _t3al(tried: TriedClip) -> None:
    _localize(T3AL(backbone=tried.settings, suppression=None, tuning=ProjectionTuning(n_steps=1)), tried)


def _frame_wise(tried: TriedClip) -> None:
    _localize(FrameWiseCLIP(backbone=tried.settings), tried)


def _attention_maps(tried: TriedClip) -> None:
    if tried.has_values:
        model = ZeroShotCLIP(backbone=tried.settings).eval()
        observed = observe_video(
            model, tried.pixels[None], _classes(tried.embedded[1]), maps=("last", "rollout", "gradient"), labels=(0,)
        )
        _check_finite(observed.probabilities)
        return
    with torch.no_grad(), tried.backbone.observed_attention() as record:
        tried.backbone.encode_frames(tried.frames)
    record.of_pooled_token()


def _captions(tried: TriedClip) -> None:
    check_can_caption(tried.backbone)
    if tried.has_values:
        generate_captions(tried.backbone, tried.pixels[:1], CaptionSettings("greedy"))


TRIALS: Mapping[MethodName, Trial] = {
    # What trains the towers comes last: the others are tried on weights as they are initialized.
    "zero_shot": _zero_shot,
    "t2l": _t2l,
    "prompt_tuning": _prompt_tuning,
    "t3al": _t3al,
    "frame_wise": _frame_wise,
    "attention_maps": _attention_maps,
    "captions": _captions,
    "fine_tuned": _fine_tuned,
    "ap_clip": _ap_clip,
    "bike": _bike,
    "open_vclip": _open_vclip,
    "taco": _taco,
    "gradient_checkpointing": _gradient_checkpointing,
}
"""The trial of each method, in the order in which they are made."""
TRAINING_TOWERS: tuple[MethodName, ...] = (
    *("fine_tuned", "ap_clip", "bike", "open_vclip", "taco", "gradient_checkpointing"),
)
"""Those that need gradients and optimizer states of all weights."""


def _answer(model: ActionRecognizer, tried: TriedClip) -> None:
    """Scores of the frames against the prompts."""
    model.eval()
    frames, texts = tried.embedded
    if tried.has_values:
        _check_finite(model.score(frames[None, None], _classes(texts)))


def _train(model: ActionRecognizer, tried: TriedClip) -> None:
    """One training step: forward, backward, optimizer; without values the two towers, forward."""
    if not tried.has_values:
        _run_towers(model, tried)
        return
    model.train()
    optimizer = model.optimization.configure(model.parameter_groups(), n_steps=1)["optimizer"]
    try:
        frames = model.embed_frames(tried.frames[None])[:, None]
        with torch.set_grad_enabled(model.text_is_trained):
            classes = _of_classes(model.text_rows(tried.tokens))
        losses = model.losses(model.score(frames, classes), frames, torch.zeros(1, dtype=torch.int64))
        chosen, embedded = choose_prompts(CLASSES, None, draws=False), EmbeddedBatch(frames, (classes,))
        further = model.further_losses(tried.frames[None, None], embedded, chosen)
        loss = torch.stack([*losses.values(), *further.values()]).sum()
        _check_finite(loss)
        loss.backward()
        optimizer.step()
    finally:
        model.zero_grad(set_to_none=True)
        tried.backbone.requires_grad_(False).eval()


def _run_towers(model: ActionRecognizer, tried: TriedClip) -> None:
    """Embeds frames and prompts without values, in the method's own way."""
    is_plain = type(model).embed_frames is VideoTextModel.embed_frames and model.text_block_forward is None
    if is_plain and not tried.backbone.gradient_checkpointing:
        _ = tried.embedded  # the same pass for several methods
        return
    model.embed_frames(tried.frames[None])
    model.text_rows(tried.tokens)


def _embed_prompts(text: OpenClipText, prompts: PromptSettings) -> None:
    """Prompts around a learnable context, embedded without values."""
    width = text.width  # asked first, as by the method: it raises for a tower that takes no token embeddings
    n_context = prompts.n_random_tokens if prompts.phrase is None else len(phrase_tokens(text, prompts.phrase))
    assert n_context is not None
    learner = PromptLearner(
        text,
        CLASSES.prompts,
        phrase=prompts.phrase,
        n_context=n_context,
        class_position=prompts.class_position,
        device=torch.device("cpu"),
    )
    with torch.no_grad():
        for part in learner.parts():
            learner.encode(torch.zeros(1, n_context, width), part)


def _localize(model: ActionLocalizer, tried: TriedClip) -> None:
    """Features before the projection of frames and texts, then the segments of a video of such features."""
    features, _ = tried.features
    if tried.has_values:
        times = torch.arange(_N_LOCALIZED, dtype=torch.float64)
        video = UntrimmedFeatures("tried", features.repeat(_N_LOCALIZED // N_FRAMES, 1), times, float(len(times)))
        model.localize([video], [CLASSES])


def _classes(embedded: Tensor) -> Tensor:
    """Class embeddings [C, P, D] of embedded prompts [C * P, D]."""
    return _of_classes(functional.normalize(embedded.float(), dim=-1))


def _of_classes(prompts: Tensor) -> Tensor:
    """[C * P, D'] -> [C, P, D']."""
    return prompts.unflatten(0, (len(CLASSES.names), -1))


def _with_views(tried: TriedClip) -> VideoBatch:
    """The video with a mirrored view of it."""
    shown = tried.pixels[None, None]
    views = ViewBatch(shown.flip(-1), torch.ones(2), torch.zeros(1, dtype=torch.int64), torch.zeros(1))
    row = torch.zeros(1, dtype=torch.int64)
    return VideoBatch(shown, row, row, row.bool(), views=views)


def _check_finite(values: Tensor) -> None:
    if not bool(values.isfinite().all()):
        raise ArithmeticError("the result is not finite")
