"""PromptAdaptation: tunes the prompts of a batch for a recognizer, and counts the effects.

`PromptTuning` attaches it to a model as its `BatchAdaptation`. It processes a batch within the model's test step:
embed all views once, tune a context for each video (`prompt_tuner`), and return frames and tuned class embeddings for
scoring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from zsar.callbacks.prompt_tuning.embedded_views import EmbeddedViews, embed_all_views, views_of
from zsar.callbacks.prompt_tuning.prompt_learner import ClassPosition, PromptLearner, Saliency, phrase_tokens
from zsar.callbacks.prompt_tuning.prompt_tuner import PromptTuner, TuningRule
from zsar.callbacks.prompt_tuning.tunable_models import check_tunable
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals
from zsar.datamodules.batch import ClassText, VideoBatch, ViewBatch
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.runtime.device_clock import DeviceClock

if TYPE_CHECKING:
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

_RANDOM_CONTEXT_STD = 0.02  # CoOp's


@dataclass(frozen=True, kw_only=True)
class PromptSettings:
    """Settings of the tuned prompts and the prediction; see `PromptTuning`.

    Attributes:
        phrase: Initial words of the context; None for a random one.
        n_random_tokens: Tokens of a random context; None with a phrase.
        class_position: Position of the class text.
        texts: The text sets used for tuning.
        full_stop: Whether a text without a closing mark gets a full stop.
        saliency: Whether the gradient passes through the saliency of frames, where the scorer has one.
        prediction: The views to score.
        memory_mb: Memory of a text tower pass, in 10^6 bytes.
        views_per_pass: Number of views per pass of the visual tower.
    """

    phrase: str | None
    n_random_tokens: int | None
    class_position: ClassPosition
    texts: tuple[Literal["names", "class_text"], ...]
    full_stop: bool
    saliency: Saliency
    prediction: Literal["original", "confident_views"]
    memory_mb: float
    views_per_pass: int


@dataclass(frozen=True)
class Untuned:
    """The model's output for a batch before tuning.

    Attributes:
        predicted: Logits of the untuned prompt, [B, C].
        own: Own probabilities with the untuned prompt, [B, C]; None where the model has no logit bias.
        by_views: Logits of the averaged confident views, untuned, [B, C].
        failed: bool [B], true where tuning met NaN or infinity, so that the prompt stays untuned.
        class_texts: Class embeddings of each of the text sets that are tuned on, [C, P, D], by its name.
    """

    predicted: Tensor
    own: Tensor | None
    by_views: Tensor
    failed: Tensor
    class_texts: Mapping[str, Tensor]


class PromptAdaptation:
    """Tunes prompts for one model in one run.

    Attributes:
        totals: Effects of tuning so far, by name of the set.
        untuned: The last batch before tuning; None before the first one.
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
        """Starts without tuned prompts.

        Args:
            model: The tested model; from the first batch on, with the weights of the test.
            texts: The classes of each set of the run.
            prompts: Settings of the prompts.
            rule: Settings of tuning.
            seed: Seed of a random context.

        Raises:
            ValueError: The prompts of this model cannot be tuned (`check_tunable`).
        """
        n_prompts = max(text.prompts_per_class for text in texts) if "class_text" in prompts.texts else 1
        check_tunable(model, n_prompts=n_prompts)
        self._model = model
        self._prompts = prompts
        self._rule = rule
        self._seed = seed
        self.totals = {text.set_name: TuningTotals() for text in texts}
        self._tuners: dict[str, PromptTuner] = {}
        self.untuned: Untuned | None = None

    def prepare(self, text: ClassText) -> None:
        """Makes the prompts of a set of classes, so that what cannot be tuned fails before videos are decoded.

        Args:
            text: The classes of the set.

        Raises:
            ValueError: The phrase has no tokens, or a text does not fit together with the context.
            BackboneError: Prompts cannot be assembled with the tokenizer, or the text tower takes no token embeddings.
        """
        with torch.inference_mode(False), torch.no_grad(), _weights_held(self._model):
            self._tuner(text)

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Tunes a context for each video of a batch; videos do not influence each other.

        Args:
            batch: The videos, with additional views of each.
            text: The classes of their set.

        Returns:
            Frame embeddings of the views to score, and the tuned class embeddings of each video, [B, C, P, D].

        Raises:
            ValueError: The batch has no views, or views of two lengths to tune on; or a subset of the schedule has more
                frames than a view.
        """
        totals, views = self.totals[text.set_name], views_of(batch)
        with torch.inference_mode(False), torch.no_grad(), _weights_held(self._model):
            clock = DeviceClock(self._model.device)
            embeddings = embed_all_views(self._model, batch, views, views_per_pass=self._prompts.views_per_pass)
            totals.encoding_seconds += clock.lap()
            with torch.autocast(self._model.device.type, enabled=False):
                embedded = self._tune(embeddings, views, text)
            totals.tuning_seconds += clock.lap()
        totals.view_seconds += float(views.seconds[~batch.failed].sum())
        return embedded

    def count(self, batch: VideoBatch, logits: Tensor, text: ClassText) -> TuningTotals:
        """Counts the effects of tuning in the last adapted batch.

        Args:
            batch: That batch.
            logits: Its logits with the tuned prompts, [B, C].
            text: The classes of its set.

        Returns:
            The sums of its set so far.
        """
        assert self.untuned is not None
        totals, before = self.totals[text.set_name], self.untuned
        labels, decoded = batch.labels, ~batch.failed
        totals.count(before.predicted, before.by_views, logits, labels, decoded=decoded, not_tuned=before.failed)
        return totals

    def _tune(self, embedded: EmbeddedViews, views: ViewBatch, text: ClassText) -> EmbeddedBatch:
        tuner, frames, weights = self._tuner(text), embedded.tuned_on, embedded.weights
        tuned = tuner.tune(frames, weights, views.seeds.tolist())

        def by_views(class_texts: tuple[Tensor, ...]) -> EmbeddedBatch:
            shares = tuple(tuner.confident_views(frames, classes, weights) for classes in class_texts)
            return EmbeddedBatch(frames, class_texts, shares)

        def by_original(class_texts: tuple[Tensor, ...]) -> EmbeddedBatch:
            return EmbeddedBatch(embedded.test, class_texts)

        predicted = by_original if self._prompts.prediction == "original" else by_views
        before, mean = (self._model.score_embedded(embed(tuner.untuned)) for embed in (predicted, by_views))
        named: dict[str, Tensor] = dict(zip(self._prompts.texts, tuner.untuned, strict=True))
        own = self._model.own_probabilities(predicted(tuner.untuned))
        self.untuned = Untuned(before, own, mean, tuned.failed, named)
        return predicted(tuned.class_texts)

    def _tuner(self, text: ClassText) -> PromptTuner:
        """The prompts of a set of classes; created at its first batch, when the model has the weights of the test.

        Sets are tested one after another, and the prompts of a large set take memory: only the current one's are kept.
        """
        if text.set_name not in self._tuners:
            self._tuners.clear()
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
                    reads_tokens=model.scoring.reads_tokens,
                    saliency=prompts.saliency,
                    full_stop=prompts.full_stop,
                )
                for which in prompts.texts
            ]
            self._tuners[text.set_name] = PromptTuner(
                learners, context, model.score_views, self._rule, memory_mb=prompts.memory_mb
            )
        return self._tuners[text.set_name]


def _initial_context(model: ActionRecognizer, prompts: PromptSettings, *, seed: int) -> Tensor:
    """The initial context, float32 [n, W]: from a phrase, or random and the same for all videos of a run."""
    text = model.backbone.text
    if prompts.phrase is not None:
        tokens = phrase_tokens(text, prompts.phrase, prompts.class_position).to(model.device)
        return text.embed_tokens(tokens).detach().float()
    assert prompts.n_random_tokens is not None
    if prompts.n_random_tokens > (most := text.context_length - len(text.frame) - 1):  # beside a start, a word, an end
        raise ValueError(f"n_random_tokens must be at most {most} with this model; got {prompts.n_random_tokens}")
    generator = torch.Generator().manual_seed(seed)
    return _RANDOM_CONTEXT_STD * torch.randn(prompts.n_random_tokens, text.width, generator=generator).to(model.device)


@contextmanager
def _weights_held(model: ActionRecognizer) -> Iterator[None]:
    """Disables gradients of all weights of the model inside."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)
