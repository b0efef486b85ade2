"""Test-time prompt tuning as TPT, DTS-TPT and ZAR write it: one video, whole token sequences, every view encoded anew.

Shu et al., "Test-Time Prompt Tuning" (NeurIPS 2022); Yan et al., "DTS-TPT" (IJCAI 2024), Eq. 1 to 8 and Algorithm 1;
ZAR (temporal views, `weights` for its repeated ones). Nothing is cached, cut short or shared between classes, steps or
videos, and nothing of the package is used. The texts go through open_clip's own `encode_text`; only what its
table of token embeddings returns is exchanged, which is where the learned prompt enters.

Over other models (`Settings.score`): BIKE's mean frame is "mean_frame" with `encode_views` its tower (M0) or its tower
and head (M); its video concept spotting is "spotting" (V), with all token positions of every prompt; Open-VCLIP's mean
of the frames' cosines is "mean_cosine".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Item = TypeVar("Item")


@dataclass(frozen=True)
class Settings:
    """What the three methods differ in; `tune` explains the words."""

    phrase: str
    class_position: str  # "end", "middle", "front"
    schedule: tuple[tuple[int, ...], ...]  # the indices of the frames of each step
    consistency: str  # "single", "parallel", "hybrid", "switch"
    confident_share: float
    select_once: bool
    learning_rate: float
    weight_decay: float
    prediction: str  # "original", "confident_views"
    score: str = "mean_frame"  # "mean_frame", "mean_cosine", "spotting"


@dataclass(frozen=True)
class Result:
    """The tuned prompts [n_ctx, width] (two where parallel), and the logits [C] with them and without tuning."""

    contexts: list[Tensor]
    logits: Tensor
    untuned_logits: Tensor


@dataclass(frozen=True)
class Texts:
    """One text set as token ids [C, L], and at each position the number of the context token there, or -1."""

    ids: Tensor
    slots: Tensor


def tune(
    clip: Any,
    encode_tokens: Callable[[str], list[int]],
    views: Tensor,
    weights: Sequence[int],
    text_sets: Sequence[Sequence[str]],
    settings: Settings,
    *,
    sot: int,
    eot: int,
    initial_context: Tensor | None = None,
    encode_views: Callable[[Tensor], Tensor] | None = None,
    test_view: Tensor | None = None,
) -> Result:
    """Tunes the prompt on one video and predicts with it.

    Args:
        clip: open_clip's CLIP or CustomTextCLIP, in evaluation mode.
        encode_tokens: Text -> its token ids, without start and end.
        views: [K, T, 3, H, W], normalized; view 0 is the original.
        weights: How many identical views each of the K stands for; 0: not adapted to.
        text_sets: One or two lists of C complete texts ("brush hair."): two in every consistency but "single".
        settings: The method.
        sot: Id of the start token.
        eot: Id of the end token.
        initial_context: [n_ctx, width], n_ctx being the number of the phrase's tokens; None: their embeddings.
        encode_views: [K, T, 3, H, W] -> unnormalized frame features [K, T, D]; None: `clip.encode_image`.
        test_view: [T', 3, H, W], what is predicted on, of its own length (ZAR, base to novel: T = 8, T' = 16); None:
            view 0.

    Returns:
        Prompts and logits.
    """
    table = _token_embedding(clip)
    phrase = encode_tokens(settings.phrase)
    start = table.weight[phrase] if initial_context is None else initial_context
    start = start.detach().clone()
    assert start.shape == (len(phrase), table.weight.shape[1])
    assert len(text_sets) == (1 if settings.consistency == "single" else 2)
    assert len(weights) == len(views)
    layouts = [lay_out(clip, [encode_tokens(t) for t in texts], phrase, sot, eot, settings) for texts in text_sets]
    pool = [view for view, weight in enumerate(weights) for _ in range(weight)]

    def embed(frames: Sequence[int]) -> Tensor:
        return embed_videos(clip, views, frames, encode_views)

    def class_logits(videos: Tensor, context: Tensor, texts: Texts) -> Tensor:
        return logits_of(clip, videos, context, texts, settings.score)

    contexts = [nn.Parameter(start.clone()) for _ in range(2 if settings.consistency == "parallel" else 1)]
    optimizers = [
        torch.optim.AdamW([context], lr=settings.learning_rate, weight_decay=settings.weight_decay)
        for context in contexts
    ]
    chosen_before = []
    if settings.select_once and settings.schedule:
        videos = embed(settings.schedule[0])[pool]
        chosen_before = [confident(class_logits(videos, start, layout), settings) for layout in layouts]

    for step, frames in enumerate(settings.schedule):
        videos = embed(frames)[pool]
        for text_set in text_sets_of_step(settings.consistency, step):
            prompt = text_set if settings.consistency == "parallel" else 0
            logits = class_logits(videos, contexts[prompt], layouts[text_set])
            chosen = chosen_before[text_set] if settings.select_once else confident(logits, settings)
            optimizers[prompt].zero_grad()
            averaged_entropy(logits[chosen]).backward(inputs=[contexts[prompt]])
            optimizers[prompt].step()

    def predict(prompts: list[Tensor]) -> Tensor:
        videos = embed(range(views.shape[1]))
        answers = []
        for text_set, layout in enumerate(layouts):
            prompt = prompts[text_set if settings.consistency == "parallel" else 0]
            logits = class_logits(videos, prompt, layout)
            if settings.prediction == "original" and test_view is not None:
                shown = embed_videos(clip, test_view[None], range(len(test_view)), encode_views)
                answers.append(class_logits(shown, prompt, layout)[0])
            elif settings.prediction == "original":
                answers.append(logits[0])
            else:
                assert settings.prediction == "confident_views"
                answers.append(log_mean_probability(logits[pool][confident(logits[pool], settings)]))
        return answers[0] if len(answers) == 1 else log_mean_probability(torch.stack(answers))

    with torch.no_grad():
        tuned = [context.detach().clone() for context in contexts]
        return Result(tuned, predict(tuned), predict([start] * len(contexts)))


def text_sets_of_step(consistency: str, step: int) -> list[int]:
    """The text sets that update the prompt, in this order, in the step counted from 0 (DTS-TPT, Figure 3)."""
    return {"single": [0], "parallel": [0, 1], "hybrid": [0, 1], "switch": [step % 2]}[consistency]


# --- texts ------------------------------------------------------------------------------------------------------------


def lay_out(clip: Any, texts: list[list[int]], phrase: list[int], sot: int, eot: int, settings: Settings) -> Texts:
    """The prompts of a text set, padded with 0 to CLIP's context length."""
    ids, slots = [], []
    for text in texts:
        row = [sot, *arrange(phrase, text, settings.class_position), eot]
        slot_row = [-1, *arrange(list(range(len(phrase))), [-1] * len(text), settings.class_position), -1]
        n_pad = clip.context_length - len(row)
        if n_pad < 0:
            raise ValueError(f"a prompt has {len(row)} tokens, but the model takes {clip.context_length}")
        ids.append(row + [0] * n_pad)
        slots.append(slot_row + [-1] * n_pad)
    device = clip.logit_scale.device
    return Texts(torch.tensor(ids, device=device), torch.tensor(slots, device=device))


def arrange(context: list[Item], text: list[Item], class_position: str) -> list[Item]:
    """Context and class text in their order; the text's last token (the full stop) is always last."""
    words, full_stop = text[:-1], text[-1:]
    half = len(context) // 2
    orders = {
        "end": context + words + full_stop,
        "middle": context[:half] + words + context[half:] + full_stop,
        "front": words + context + full_stop,
    }
    return orders[class_position]


def embed_texts(clip: Any, context: Tensor, texts: Texts) -> tuple[Tensor, Tensor]:
    """Class features [C, D], and the features of all token positions [C, L, D], each of length 1."""
    table = _token_embedding(clip)
    text = clip.text if hasattr(clip, "text") else clip
    vectors = table(texts.ids).detach()
    learned = texts.slots >= 0
    vectors[learned] = context[texts.slots[learned]]
    states: list[Tensor] = []
    with (
        table.register_forward_hook(lambda module, inputs, output: vectors),
        text.ln_final.register_forward_hook(lambda module, inputs, output: states.append(output)),
    ):
        features = clip.encode_text(texts.ids)
    words = states[0] @ text.text_projection
    return features / features.norm(dim=-1, keepdim=True), words / words.norm(dim=-1, keepdim=True)


def _token_embedding(clip: Any) -> nn.Embedding:
    return clip.text.token_embedding if hasattr(clip, "text") else clip.token_embedding


# --- videos -----------------------------------------------------------------------------------------------------------


def embed_videos(
    clip: Any, views: Tensor, frames: Sequence[int], encode_views: Callable[[Tensor], Tensor] | None
) -> Tensor:
    """The chosen frames' unnormalized features, [K, T', D]; all T frames are embedded before they are chosen."""
    with torch.no_grad():
        if encode_views is None:
            features = torch.stack([clip.encode_image(view) for view in views])
        else:
            features = encode_views(views)
        return features[:, list(frames)]


# --- probabilities ----------------------------------------------------------------------------------------------------


def logits_of(clip: Any, videos: Tensor, context: Tensor, texts: Texts, score: str) -> Tensor:
    """Logits [K, C] of views [K, T, D]: cosines over the temperature (DTS-TPT, Eq. 1), or what a model has for them."""
    features, words = embed_texts(clip, context, texts)
    if score == "mean_frame":
        means = videos.mean(dim=1)
        cosines = means / means.norm(dim=-1, keepdim=True) @ features.T
    elif score == "mean_cosine":
        frames = videos / videos.norm(dim=-1, keepdim=True)
        cosines = torch.stack([(view @ features.T).mean(dim=0) for view in frames])
    else:
        assert score == "spotting"
        cosines = torch.stack([spotted(view, features, words) for view in videos])
    return clip.logit_scale.exp() * cosines


def spotted(view: Tensor, features: Tensor, words: Tensor) -> Tensor:
    """BIKE's score of each class [C] for one view [T, D]: the classes weigh its frames by all their tokens."""
    frames = view / view.norm(dim=-1, keepdim=True)
    scores = []
    for feature, of_class in zip(features, words, strict=True):
        similarities = of_class @ frames.T  # [L, T]
        saliency = (similarities / 0.01).softmax(dim=1).mean(dim=0)
        video = torch.stack([weight * frame for weight, frame in zip(saliency, frames, strict=True)]).sum(dim=0)
        scores.append(video @ feature)
    return torch.stack(scores)


def confident(logits: Tensor, settings: Settings) -> list[int]:
    """The rows of logits [n, C] whose entropy is lowest (Eq. 5)."""
    log_p = logits.detach().log_softmax(dim=-1)
    entropies = -(log_p.exp() * log_p).sum(dim=-1)
    n_kept = max(1, int(len(logits) * settings.confident_share))
    return entropies.argsort(stable=True)[:n_kept].tolist()


def log_mean_probability(logits: Tensor) -> Tensor:
    """The log [C] of the mean over the rows' probabilities (Eq. 4)."""
    return logits.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(logits))


def averaged_entropy(logits: Tensor) -> Tensor:
    """The entropy of the rows' mean probability (Eq. 3), a scalar."""
    log_p = log_mean_probability(logits)
    return -(log_p.exp() * log_p).sum()
