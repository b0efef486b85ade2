"""VideoTuning: tunes the prompt to each of a user's videos, as the callback `PromptTuning` does in a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from zsar.api.adaptation.adaptation import Adaptation
from zsar.api.given_videos import Video, given_batches
from zsar.api.loading import Precision, inference_precision
from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.settings import Clips
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@dataclass(frozen=True)
class TunedVideo:
    """The probabilities of a video; both are None if there is an error.

    Attributes:
        row: Which of the given videos.
        tuned: Of the C classes, with the prompt tuned to it, on the CPU; NaN where the model's scores are.
        untuned: With the prompt before.
        error: Why it could not be decoded, or None.
        n_damaged: Number of accepted damaged frames.
    """

    row: int
    tuned: ClassProbabilities | None
    untuned: ClassProbabilities | None
    error: str | None
    n_damaged: int


class VideoTuning:
    """Tunes the prompts of one model for one set of classes.

    Attributes:
        adaptation: The method and its views.
        clips: The frames that the model sees.
        seed: Seed of the views, and of a random context.
        n_changed: Number of videos so far whose most probable class tuning changed.
    """

    def __init__(
        self,
        model: ActionRecognizer,
        text: ClassText,
        adaptation: Adaptation,
        *,
        frames: int | None = None,
        seed: int = 0,
        on_damage: OnDamage = "raise",
    ) -> None:
        """Makes the prompts: what cannot be tuned fails here, before videos are decoded.

        Args:
            model: The model, in evaluation mode, on its device.
            text: The classes.
            adaptation: The method and its views.
            frames: Frames of the test view; None for the adaptation's, or the model's.
            seed: Seed of the views, and of a random context.
            on_damage: What to do with damaged frames.

        Raises:
            ValueError: The class text is not tuned on, a text is too long, a number is out of range, or the weights are
                not fp32.
            BackboneError: The model's text tower cannot be run on token embeddings.
        """
        adaptation.check_text(text)
        model.class_embeddings.check_fit(text.prompts)
        self.adaptation = adaptation
        self.clips: Clips = adaptation.clips(model, frames=frames)
        self.seed = seed
        self.n_changed = 0
        self._model, self._text, self._on_damage = model, text, on_damage
        tuning = adaptation.tuning
        self._prompts = PromptAdaptation(model, [text], prompts=tuning.prompts, rule=tuning.rule, seed=seed)
        self._prompts.prepare(text)

    @property
    def names(self) -> tuple[str, ...]:
        """The class names."""
        return self._text.names

    @property
    def totals(self) -> TuningTotals:
        """Effects and seconds of tuning so far."""
        return self._prompts.totals[self._text.set_name]

    def answers(
        self,
        videos: Sequence[Video],
        *,
        batch_size: int | None = None,
        n_workers: int | None = None,
        precision: Precision = "fp32",
    ) -> Iterator[TunedVideo]:
        """Tunes and scores videos, one after another in bounded memory; videos do not influence each other.

        Args:
            videos: Files or frames.
            batch_size: Videos of a batch; None for the adaptation's.
            n_workers: Processes that decode.
            precision: Of the visual tower; prompts are tuned in fp32.

        Yields:
            The probabilities of each video, in order.

        Raises:
            ValueError: A number is out of range, or the device does not have the precision.
        """
        inference_precision(precision, self._model.device)  # which checks it before videos are decoded
        batch_size = self.adaptation.batch_size if batch_size is None else batch_size
        batches = given_batches(
            videos,
            self.clips,
            seed=self.seed,
            on_damage=self._on_damage,
            batch_size=batch_size,
            n_workers=n_workers,
            is_on_cpu=self._model.device.type == "cpu",
        )
        for batch in batches:
            scores: dict[int, tuple[ClassProbabilities, ClassProbabilities]] = {}
            if batch.videos is not None:
                pairs = zip(*self._tuned_and_untuned(batch.videos, precision), strict=True)
                scores = dict(zip(batch.decoded, pairs, strict=True))
            for row in batch.rows:
                tuned, untuned = scores.get(row, (None, None))
                yield TunedVideo(row, tuned, untuned, batch.errors.get(row), batch.n_damaged[row])

    def _tuned_and_untuned(
        self, videos: VideoBatch, precision: Precision
    ) -> tuple[ClassProbabilities, ClassProbabilities]:
        """Probabilities of B videos with tuned and with untuned prompts, on the CPU."""
        assert self.clips.views is not None
        batch = self.clips.views.finish(videos.to(self._model.device))
        with torch.inference_mode(), inference_precision(precision, self._model.device):
            embedded = self._prompts.adapt(batch, self._text)
            logits, own = self._model.score_embedded(embedded), self._model.own_probabilities(embedded)
        self._prompts.count(batch, logits, self._text)
        assert self._prompts.untuned is not None
        untuned = self._prompts.untuned
        self.n_changed += int((logits.argmax(dim=1) != untuned.predicted.argmax(dim=1)).sum())
        tuned = ClassProbabilities(logits.float().softmax(dim=1), own)
        before = ClassProbabilities(untuned.predicted.float().softmax(dim=1), untuned.own)
        return tuned.cpu(), before.cpu()
