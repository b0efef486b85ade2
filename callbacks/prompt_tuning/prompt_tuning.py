"""PromptTuning: test-time prompt tuning of any recognizer (TPT, DTS-TPT, ZAR).

Before each test batch a context of learnable tokens is tuned for every video, on further views of it and without its
label; the tuned class embeddings are then what the model scores the video with. Nothing else of the model changes, and
nothing is carried from one video to the next. The methods are settings of this one callback, in `configs/adaptation/`;
what they share is in `prompt_tuner.py` and `objectives/`.

Sources: TPT (Shu et al. 2022), DTS-TPT (`papers/dts-tpt.txt`), ZAR (`papers/zar.txt`). Departures: all videos of a
batch are tuned at a time and texts are cut where nothing reads them, which changes results by rounding alone. The
papers leave open how DTS-TPT predicts with two text sets (here: the mean of their probabilities on the original view)
and the weight decay of AdamW (here PyTorch's default).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from torch import Tensor

from zsar.callbacks.prompt_tuning.prompt_learner import ClassPosition, PromptLearner, phrase_tokens
from zsar.callbacks.prompt_tuning.prompt_tuner import PromptTuner, TuningRule
from zsar.callbacks.prompt_tuning.semantic_consistency import Consistency
from zsar.callbacks.prompt_tuning.temporal_schedule import check_schedule
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals, print_report
from zsar.datamodules.batch import ClassText, VideoBatch, ViewBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.runtime.device_clock import device_seconds
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.run_seed import run_seed

_RANDOM_CONTEXT_STD = 0.02  # CoOp's


class PromptTuning(Callback):
    """Tunes a prompt for each test video."""

    def __init__(
        self,
        *,
        method: str,
        phrase: str | None = "a photo of a",
        n_random_tokens: int | None = None,
        class_position: ClassPosition = "end",
        texts: Sequence[Literal["names", "class_text"]] = ("names",),
        consistency: Consistency = "single",
        schedule: Sequence[str] = ("all",),
        confident_share: float = 0.1,
        selection: Literal["once", "every_step"] = "every_step",
        prediction: Literal["original", "confident_views"] = "original",
        learning_rate: float = 5e-3,
        weight_decay: float = 0.01,
        memory_mb: float = 2000.0,
        views_per_pass: int = 32,
    ) -> None:
        """Checks the settings; prompts are laid out at the first batch of each set.

        Args:
            method: What results call it: "TPT", "DTS-TPT", "ZAR", or a name of your own.
            phrase: The words whose token embeddings the context starts from; it has as many tokens. Of a class text
                that begins with them the context takes their place. Null for a random context.
            n_random_tokens: Tokens of a random context, from a normal distribution of standard deviation 0.02, the same
                for all videos of a run; only without a phrase.
            class_position: Where the class text stands: behind the context ("end"), in its "middle", or at the "front".
            texts: What the context is tuned with: class "names", the experiment's "class_text" (descriptions,
                explanations, templates), or both, the first set first.
            consistency: "single" with one set of texts; with two, "parallel" (a prompt for each), "hybrid" (one prompt,
                updated on both in each step) or "switch" (on either in turn).
            schedule: The frames of each step: "all", "left-N", "right-N", "centre-N" or "random-N". As many steps as
                entries; none at all leaves the prompt untuned, for comparison.
            confident_share: Share of the views, those of lowest entropy, whose mean prediction is made more certain.
            selection: Choose them "once", before the first step, or anew at "every_step".
            prediction: Predict on the "original" view, or by the mean probability of the "confident_views".
            learning_rate: Of AdamW.
            weight_decay: Of AdamW.
            memory_mb: About how much memory a pass of the text tower may take, in 10^6 bytes; more makes it faster,
                results are the same.
            views_per_pass: Views that go through the visual tower at once.

        Raises:
            ValueError: A value is out of range, or two of them do not go together.
        """
        _check_texts(texts, consistency)
        check_schedule(schedule)
        if (phrase is None) == (n_random_tokens is None):
            raise ValueError(f"give a phrase or n_random_tokens; got phrase {phrase!r} and {n_random_tokens!r} tokens")
        if not 0 < confident_share <= 1:
            raise ValueError(f"confident_share is a share above 0 and up to 1; got {confident_share}")
        positive = {"learning_rate": learning_rate, "memory_mb": memory_mb, "views_per_pass": views_per_pass}
        for name, value in {**positive, "n_random_tokens": n_random_tokens}.items():
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be above 0; got {value}")
        self.method = method
        self.phrase = phrase
        self.n_random_tokens = n_random_tokens
        self.class_position: ClassPosition = class_position
        self.texts = tuple(texts)
        self.prediction = prediction
        self.memory_mb = memory_mb
        self.views_per_pass = views_per_pass
        self.rule = TuningRule(
            schedule=tuple(schedule),
            consistency=consistency,
            confident_share=confident_share,
            selection=selection,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
        )
        self.totals: dict[str, TuningTotals] = {}
        self._tuners: dict[str, PromptTuner] = {}
        self._untuned: tuple[Tensor, Tensor, Tensor] | None = None

    def describe(self) -> dict[str, Any]:
        """The settings, for results.json."""
        return {
            "method": self.method,
            "phrase": self.phrase,
            "n_random_tokens": self.n_random_tokens,
            "class_position": self.class_position,
            "texts": list(self.texts),
            **{name: getattr(self.rule, name) for name in TuningRule.__dataclass_fields__},
            "prediction": self.prediction,
        }

    # --- hooks ----------------------------------------------------------------------------------------------------

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets the prompts and counts of an earlier test.

        Raises:
            TypeError: The model is none of ours.
            ValueError: Its weights are not fp32.
        """
        if not isinstance(pl_module, ActionRecognizer):
            raise TypeError(
                f"PromptTuning tunes the prompts of an ActionRecognizer, not of a {type(pl_module).__name__}"
            )
        if pl_module.backbone.logit_scale.dtype != torch.float32:
            raise ValueError(
                f"prompt tuning needs weights in fp32, but trainer.precision is {trainer.precision}; use 32-true, or "
                "bf16-mixed or 16-mixed, which keep them"
            )
        self._tuners = {}
        self.totals = {text.set_name: TuningTotals() for text in _class_texts(trainer, pl_module)}

    def on_test_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Tunes the prompts of the videos of a batch and hands them to the model."""
        assert isinstance(pl_module, ActionRecognizer)
        text = _class_texts(trainer, pl_module)[dataloader_idx]
        totals = self.totals[text.set_name]
        views = _views_of(batch)
        with torch.inference_mode(False), torch.no_grad(), _weights_held(pl_module):
            clock = _Clock(pl_module.device)
            with trainer.precision_plugin.forward_context():
                frames = self._embed(pl_module, batch, views)
            totals.encoding_seconds += clock.lap()
            with torch.autocast(pl_module.device.type, enabled=False):
                self._adapt(pl_module, batch, views, frames.float(), text)
            totals.tuning_seconds += clock.lap()
        totals.view_seconds += float(views.seconds[~batch.failed].sum())

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Takes the prompts off the model again, and counts what they changed."""
        assert isinstance(pl_module, ActionRecognizer)
        assert self._untuned is not None
        pl_module.adapted = None
        totals = self.totals[_class_texts(trainer, pl_module)[dataloader_idx].set_name]
        before, by_views, failed = self._untuned
        after = outputs["logits"]
        totals.count(before, by_views, after, batch.labels, decoded=~batch.failed, not_tuned=failed)
        _show(trainer, totals)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs what tuning changed on each set, over all processes."""
        assert isinstance(pl_module, ActionRecognizer)
        self._gather(trainer)
        for text in pl_module.class_texts["test"]:
            prefix = pl_module.metric_prefix("test", text)
            for name, value in self.totals[text.set_name].metrics().items():
                pl_module.log(f"{prefix}/{name}", value, sync_dist=False, rank_zero_only=False)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints the table, and lets go of what was cached."""
        self._tuners, self._untuned = {}, None
        if trainer.is_global_zero:
            print_report(self.method, self.totals)

    on_predict_start = on_test_start
    on_predict_batch_start = on_test_batch_start
    on_predict_batch_end = on_test_batch_end
    on_predict_end = on_test_end

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Brings the sums of all processes together."""
        self._gather(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Takes the prompts off the model."""
        if isinstance(pl_module, ActionRecognizer):
            pl_module.adapted = None

    # --- a batch --------------------------------------------------------------------------------------------------

    def _embed(self, model: ActionRecognizer, batch: VideoBatch, views: ViewBatch) -> Tensor:
        """Frame embeddings [B, V + K, T, D] of all views, each embedded once."""
        frames = torch.cat([batch.frames, views.frames], dim=1)
        parts = frames.flatten(0, 1).split(self.views_per_pass)
        embedded = torch.cat([model.embed_views(part[:, None])[:, 0] for part in parts])
        return embedded.unflatten(0, frames.shape[:2])

    def _adapt(
        self, model: ActionRecognizer, batch: VideoBatch, views: ViewBatch, frames: Tensor, text: ClassText
    ) -> None:
        tuner = self._tuner(model, text)
        tuned = tuner.tune(frames, views.weights, views.seeds.tolist())

        def by_views(class_texts: tuple[Tensor, ...]) -> EmbeddedBatch:
            weights = tuple(tuner.confident_views(frames, classes, views.weights) for classes in class_texts)
            return EmbeddedBatch(frames, class_texts, weights)

        def by_original(class_texts: tuple[Tensor, ...]) -> EmbeddedBatch:
            return EmbeddedBatch(frames[:, : batch.frames.shape[1]], class_texts)

        predicted = by_original if self.prediction == "original" else by_views
        before, mean = (model.score_embedded(of(tuner.untuned)) for of in (predicted, by_views))
        self._untuned = before, mean, tuned.failed
        model.adapted = predicted(tuned.class_texts)

    def _tuner(self, model: ActionRecognizer, text: ClassText) -> PromptTuner:
        """The prompts of a set of classes; made at its first batch, when the model's weights are those of the test."""
        if text.set_name not in self._tuners:
            context = self._initial_context(model)
            texts = {"names": [[name] for name in text.names], "class_text": text.prompts}
            learners = [
                PromptLearner(
                    model.backbone.text,
                    texts[which],
                    phrase=self.phrase,
                    n_context=len(context),
                    class_position=self.class_position,
                    device=model.device,
                    block_forward=model.text_block_forward,
                )
                for which in self.texts
            ]
            self._tuners[text.set_name] = PromptTuner(
                learners, context, model.score_views, self.rule, memory_mb=self.memory_mb
            )
        return self._tuners[text.set_name]

    def _initial_context(self, model: ActionRecognizer) -> Tensor:
        """float32 [n, W]."""
        if self.phrase is not None:
            tokens = phrase_tokens(model.backbone.text, self.phrase)
            return model.backbone.text.embed_tokens(tokens.to(model.device)).detach().float()
        assert self.n_random_tokens is not None
        generator = torch.Generator().manual_seed(run_seed())
        drawn = torch.randn(self.n_random_tokens, model.backbone.text.width, generator=generator)
        return (_RANDOM_CONTEXT_STD * drawn).to(model.device)

    def _gather(self, trainer: Trainer) -> None:
        everyone = gather_from_all(self.totals, trainer)
        self.totals = {name: TuningTotals() for of_process in everyone for name in of_process}
        for of_process in everyone:
            for name, totals in of_process.items():
                self.totals[name].add(totals)


def _class_texts(trainer: Trainer, model: ActionRecognizer) -> Sequence[ClassText]:
    """The classes of each data loader of the run."""
    return model.class_texts["predict" if trainer.predicting else "test"]


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


def _check_texts(texts: Sequence[str], consistency: str) -> None:
    if not 1 <= len(texts) <= 2 or len(set(texts)) != len(texts):
        raise ValueError(f"texts must be one or two different sets of names, class_text; got {list(texts)}")
    if (len(texts) == 1) != (consistency == "single"):
        raise ValueError(
            f"consistency {consistency!r} does not go with {len(texts)} set(s) of texts ({', '.join(texts)}); 'single' "
            "is for one, 'parallel', 'hybrid' and 'switch' are for two"
        )


def _show(trainer: Trainer, totals: TuningTotals) -> None:
    """Writes the running gain beside the progress bar."""
    bar = trainer.progress_bar_callback
    if not isinstance(bar, RichProgressBar) or bar.progress is None or totals.n_labelled == 0:
        return
    task = bar.test_progress_bar_id
    if task is not None:
        flips = f"{totals.flipped_right} right, {totals.flipped_wrong} wrong"
        bar.progress.update(task, description=f"tuning {totals.gain:+.1f} points ({flips})")
