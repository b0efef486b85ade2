"""PromptAdaptation: tunes the prompts of a batch for a recognizer, and counts what that changed.

This is what `PromptTuning` attaches to a model (`BatchAdaptation`). A batch passes through it within the model's own
test step: embed all views once, tune a context for each video (`prompt_tuner`), hand frames and tuned class embeddings
back to be scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.prompt_learner import ClassPosition, PromptLearner, phrase_tokens
from zsar.callbacks.prompt_tuning.prompt_tuner import PromptTuner, TuningRule
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals
from zsar.datamodules.batch import ClassText, VideoBatch, ViewBatch
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.runtime.device_clock import device_seconds

if TYPE_CHECKING:
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_RANDOM_CONTEXT_STD = 0.02  # CoOp's


@dataclass(frozen=True, kw_only=True)
class PromptSettings:
    """Which prompts are tuned, and what is predicted with them; `PromptTuning` describes each.

    Attributes:
        phrase: Initial words of the context; None for a random one.
        n_random_tokens: Tokens of a random context; None with a phrase.
        class_position: Where the class text stands.
        texts: The text sets that the context is tuned with.
        prediction: Which views are scored.
        memory_mb: Memory of a pass of the text tower, in 10^6 bytes.
        views_per_pass: Views that go through the visual tower at once.
    """

    phrase: str | None
    n_random_tokens: int | None
    class_position: ClassPosition
    texts: tuple[Literal["names", "class_text"], ...]
    prediction: Literal["original", "confident_views"]
    memory_mb: float
    views_per_pass: int


@dataclass(frozen=True)
class _Untuned:
    """What the model says of a batch before tuning: logits [B, C] on either kind of prediction, and bool [B]."""

    predicted: Tensor
    by_views: Tensor
    failed: Tensor


class PromptAdaptation:
    """Tunes prompts for one model in one run.

    Attributes:
        totals: What tuning changed so far, by the name of the set.
    """

    def __init__(
        self,
        model: ActionRecognizer,
        texts: Sequence[ClassText],
        *,
        prompts: PromptSettings,
        rule: TuningRule,
        seed: int,
    ) -> None:
        """Starts with nothing tuned.

        Args:
            model: The model that is tested, with the weights that it is tested with from the first batch on.
            texts: The classes of each set of the run.
            prompts: Which prompts are tuned.
            rule: How they are tuned.
            seed: What a random context is drawn from.
        """
        self._model = model
        self._prompts = prompts
        self._rule = rule
        self._seed = seed
        self.totals = {text.set_name: TuningTotals() for text in texts}
        self._tuners: dict[str, PromptTuner] = {}
        self._untuned: _Untuned | None = None

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Tunes a context for each video of a batch; nothing is carried from one video to the next.

        Args:
            batch: The videos, with further views of each.
            text: The classes of their set.

        Returns:
            Frame embeddings of the views that are scored, and the tuned class embeddings of each video, [B, C, P, D].

        Raises:
            ValueError: The batch has no views, or a subset of the schedule has more frames than a view.
        """
        totals, views = self.totals[text.set_name], _views_of(batch)
        with torch.inference_mode(False), torch.no_grad(), _weights_held(self._model):
            clock = _Clock(self._model.device)
            frames = self._embed(batch, views)
            totals.encoding_seconds += clock.lap()
            with torch.autocast(self._model.device.type, enabled=False):
                embedded = self._tune(batch, views, frames.float(), text)
            totals.tuning_seconds += clock.lap()
        totals.view_seconds += float(views.seconds[~batch.failed].sum())
        return embedded

    def count(self, batch: VideoBatch, logits: Tensor, text: ClassText) -> TuningTotals:
        """Counts what tuning changed in the batch that was adapted last.

        Args:
            batch: That batch.
            logits: Its logits with the tuned prompts, [B, C].
            text: The classes of its set.

        Returns:
            The sums of its set so far.
        """
        assert self._untuned is not None
        totals, before = self.totals[text.set_name], self._untuned
        totals.count(
            before.predicted,
            before.by_views,
            logits,
            batch.labels,
            decoded=~batch.failed,
            not_tuned=before.failed,
        )
        return totals

    def _embed(self, batch: VideoBatch, views: ViewBatch) -> Tensor:
        """Frame embeddings [B, V + K, T, D] of all views, each embedded once."""
        frames = torch.cat([batch.frames, views.frames], dim=1)
        parts = frames.flatten(0, 1).split(self._prompts.views_per_pass)
        embedded = torch.cat([self._model.embed_views(part[:, None])[:, 0] for part in parts])
        return embedded.unflatten(0, frames.shape[:2])

    def _tune(self, batch: VideoBatch, views: ViewBatch, frames: Tensor, text: ClassText) -> EmbeddedBatch:
        tuner = self._tuner(text)
        tuned = tuner.tune(frames, views.weights, views.seeds.tolist())

        def by_views(class_texts: tuple[Tensor, ...]) -> EmbeddedBatch:
            weights = tuple(tuner.confident_views(frames, classes, views.weights) for classes in class_texts)
            return EmbeddedBatch(frames, class_texts, weights)

        def by_original(class_texts: tuple[Tensor, ...]) -> EmbeddedBatch:
            return EmbeddedBatch(frames[:, : batch.frames.shape[1]], class_texts)

        predicted = by_original if self._prompts.prediction == "original" else by_views
        before, mean = (self._model.score_embedded(of(tuner.untuned)) for of in (predicted, by_views))
        self._untuned = _Untuned(before, mean, tuned.failed)
        return predicted(tuned.class_texts)

    def _tuner(self, text: ClassText) -> PromptTuner:
        """The prompts of a set of classes; made at its first batch, when the model's weights are those of the test."""
        if text.set_name not in self._tuners:
            model, prompts = self._model, self._prompts
            context = _initial_context(model, prompts, seed=self._seed)
            texts = {"names": [[name] for name in text.names], "class_text": text.prompts}
            learners = [
                PromptLearner(
                    model.backbone.text,
                    texts[which],
                    phrase=prompts.phrase,
                    n_context=len(context),
                    class_position=prompts.class_position,
                    device=model.device,
                    block_forward=model.text_block_forward,
                )
                for which in prompts.texts
            ]
            self._tuners[text.set_name] = PromptTuner(
                learners, context, model.score_views, self._rule, memory_mb=prompts.memory_mb
            )
        return self._tuners[text.set_name]


def _initial_context(model: ActionRecognizer, prompts: PromptSettings, *, seed: int) -> Tensor:
    """float32 [n, W]: of a phrase, or random and the same for all videos of a run."""
    if prompts.phrase is not None:
        tokens = phrase_tokens(model.backbone.text, prompts.phrase)
        return model.backbone.text.embed_tokens(tokens.to(model.device)).detach().float()
    assert prompts.n_random_tokens is not None
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(prompts.n_random_tokens, model.backbone.text.width, generator=generator)
    return (_RANDOM_CONTEXT_STD * drawn).to(model.device)


class _Clock:
    """Seconds between laps, on a GPU after its work is done."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._last = device_seconds(device)

    def lap(self) -> float:
        last, self._last = self._last, device_seconds(self._device)
        return self._last - last


@contextmanager
def _weights_held(model: ActionRecognizer) -> Iterator[None]:
    """Within, no gradient of a weight is computed or kept, of whatever the model trains."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def _views_of(batch: VideoBatch) -> ViewBatch:
    if batch.views is None:
        raise ValueError(
            "prompt tuning needs views of each video to tune on, but the batches have none; append one of "
            "--config configs/adaptation/tpt.yaml, dts_tpt.yaml or zar.yaml, which ask the data for them "
            "(data.clips.views)"
        )
    return batch.views
