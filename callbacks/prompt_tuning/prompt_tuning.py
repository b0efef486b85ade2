"""PromptTuning: test-time prompt tuning of any recognizer (TPT, DTS-TPT, ZAR).

In each test step, a context of learnable tokens is tuned for every video, on additional views of it and without its
label; the model then scores the video with the tuned class embeddings. Nothing else of the model changes, and videos
do not influence each other. The methods are settings of this callback, in `configs/adaptation/`. The callback attaches
a `PromptAdaptation` to the model during a test; batches pass through it.

Sources: TPT (Shu et al. 2022), DTS-TPT (`papers/dts-tpt.txt`), ZAR (`papers/zar.txt`). Departures: all videos of a
batch are tuned together and texts are truncated after the last position read, which changes results only by rounding.
The papers leave open how DTS-TPT predicts with two text sets (here: the mean of their probabilities on the original
view) and the weight decay of AdamW (here PyTorch's default).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

from zsar.callbacks.adaptation_callback import AdaptationCallback, log_effects, texts_of_run
from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation, PromptSettings
from zsar.callbacks.prompt_tuning.prompt_learner import ClassPosition, Saliency
from zsar.callbacks.prompt_tuning.prompt_tuner import TuningRule
from zsar.callbacks.prompt_tuning.semantic_consistency import Consistency
from zsar.callbacks.prompt_tuning.temporal_schedule import check_schedule
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals, gathered_totals, print_report
from zsar.datamodules.batch import VideoBatch
from zsar.lightning_modules.recognition.multi_label.own_scores import refuse_multi_label
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.run_seed import run_seed


class PromptTuning(AdaptationCallback):
    """Tunes a prompt for each test video."""

    def __init__(
        self,
        *,
        method: str,
        phrase: str | None = "a photo of a",
        n_random_tokens: int | None = None,
        class_position: ClassPosition = "end",
        texts: Sequence[Literal["names", "class_text"]] = ("names",),
        full_stop: bool = True,
        saliency: Saliency = "exact",
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
        """Checks the settings; prompts are prepared at the first batch of each set.

        Args:
            method: Name in results: "TPT", "DTS-TPT", "ZAR", or another.
            phrase: The words whose token embeddings initialize the context; it has as many tokens. If a class text
                begins with them, the context replaces them. Null for a random context.
            n_random_tokens: Tokens of a random context, from a normal distribution of standard deviation 0.02, the same
                for all videos of a run; only without a phrase.
            class_position: Position of the class text: after the context ("end"), in its "middle", or at the "front".
            texts: Texts for tuning: class "names", the experiment's "class_text" (descriptions,
                explanations, templates), or both, the first set first. Names are clean ones: `data.text.names` is of
                templates, and so of class text.
            full_stop: Whether a text without a closing mark gets a full stop, as in TPT.
            saliency: With BIKE's concept spotting, whether the gradient is "exact", or takes the saliency of frames as
                "constant", which is cheaper: the tokens that decide on it are computed without gradient.
            consistency: "single" with one set of texts; with two, "parallel" (a prompt for each), "hybrid" (one prompt,
                updated on both in each step) or "switch" (alternating).
            schedule: The frames of each step: "all", "left-N", "right-N", "centre-N" or "random-N". One step per
                entry; an empty schedule leaves the prompt untuned, for comparison.
            confident_share: Share of the views, those of lowest entropy, whose mean prediction is made more certain.
            selection: Whether they are selected "once", before the first step, or at "every_step".
            prediction: Predict on the "original" view, or by the mean probability of the "confident_views".
            learning_rate: AdamW's learning rate.
            weight_decay: AdamW's weight decay.
            memory_mb: Approximate memory limit of a text tower pass, in 10^6 bytes; more is faster,
                with the same results.
            views_per_pass: Number of views per pass of the visual tower.

        Raises:
            ValueError: A value is out of range, or two values contradict each other.
        """
        _check_texts(texts, consistency)
        check_schedule(schedule)
        if (phrase is None) == (n_random_tokens is None):
            raise ValueError(f"give a phrase or n_random_tokens; got phrase {phrase!r} and {n_random_tokens!r} tokens")
        if not 0 < confident_share <= 1:
            raise ValueError(f"confident_share is a share above 0 and up to 1; got {confident_share}")
        positive = {"learning_rate": learning_rate, "memory_mb": memory_mb, "views_per_pass": views_per_pass}
        for name, value in {**positive, "n_random_tokens": n_random_tokens}.items():
            if value is not None and not 0 < value < inf:
                raise ValueError(f"{name} must be above 0{' and finite' if value == inf else ''}; got {value}")
        if not 0 <= weight_decay < inf:
            raise ValueError(f"weight_decay must be at least 0 and finite; got {weight_decay}")
        if not method.strip() or not method.isprintable():
            raise ValueError(f"method is a name in results, a line of text; got {method!r}")
        self.method = method
        self.prompts = PromptSettings(
            phrase=phrase,
            n_random_tokens=n_random_tokens,
            class_position=class_position,
            texts=tuple(texts),
            full_stop=full_stop,
            saliency=saliency,
            prediction=prediction,
            memory_mb=memory_mb,
            views_per_pass=views_per_pass,
        )
        self.rule = TuningRule(
            schedule=tuple(schedule),
            consistency=consistency,
            confident_share=confident_share,
            selection=selection,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
        )
        self._adaptation: PromptAdaptation | None = None

    def describe(self) -> dict[str, Any]:
        """The settings that decide a result, for results.json."""
        return {
            "method": self.method,
            "phrase": self.prompts.phrase,
            "n_random_tokens": self.prompts.n_random_tokens,
            "class_position": self.prompts.class_position,
            "texts": list(self.prompts.texts),
            "full_stop": self.prompts.full_stop,
            "saliency": self.prompts.saliency,
            **{name: getattr(self.rule, name) for name in TuningRule.__dataclass_fields__},
            "prediction": self.prompts.prediction,
        }

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Attaches the adaptation to the model: from now on its test steps tune.

        Raises:
            TypeError: The model is not an `ActionRecognizer`.
            ValueError: Its weights are not fp32 (`PromptAdaptation`), or videos have several labels.
        """
        if not isinstance(pl_module, ActionRecognizer):
            raise TypeError(
                f"PromptTuning tunes the prompts of an ActionRecognizer, not of a {type(pl_module).__name__}"
            )
        texts = texts_of_run(trainer, pl_module)
        refuse_multi_label(
            texts,
            needed_by="PromptTuning",
            reason="it tunes prompts until one class is certain",
            remedy="leave out --adaptation",
        )
        self._adaptation = PromptAdaptation(pl_module, texts, prompts=self.prompts, rule=self.rule, seed=run_seed())
        pl_module.adaptation = self._adaptation

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Counts the effects of tuning, and shows the gain next to the progress bar."""
        assert isinstance(pl_module, ActionRecognizer)
        text = texts_of_run(trainer, pl_module)[dataloader_idx]
        _show(trainer, self._attached.count(batch, outputs["logits"], text))

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the effects of tuning on each set, over all processes."""
        assert isinstance(pl_module, ActionRecognizer)
        self._gather(trainer)
        log_effects(pl_module, self._attached.totals)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints the table, and detaches the adaptation with its caches."""
        if trainer.is_global_zero:
            print_report(self.method, self._attached.totals)
        self._detach(pl_module)

    on_predict_start = on_test_start
    on_predict_batch_end = on_test_batch_end
    on_predict_end = on_test_end

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Combines the sums of all processes."""
        self._gather(trainer)

    @property
    def _attached(self) -> PromptAdaptation:
        assert self._adaptation is not None
        return self._adaptation

    def _gather(self, trainer: Trainer) -> None:
        self._attached.totals = gathered_totals(gather_from_all(self._attached.totals, trainer))


def _check_texts(texts: Sequence[str], consistency: str) -> None:
    if not 1 <= len(texts) <= 2 or len(set(texts)) != len(texts):
        raise ValueError(f"texts must be one or two different sets of names, class_text; got {list(texts)}")
    if (len(texts) == 1) != (consistency == "single"):
        raise ValueError(
            f"consistency {consistency!r} does not match {len(texts)} set(s) of texts ({', '.join(texts)}); 'single' "
            "is for one, 'parallel', 'hybrid' and 'switch' are for two"
        )


def _show(trainer: Trainer, totals: TuningTotals) -> None:
    """Writes the running gain next to the progress bar."""
    bar = trainer.progress_bar_callback
    if not isinstance(bar, RichProgressBar) or bar.progress is None or totals.n_labelled == 0:
        return
    task = bar.test_progress_bar_id
    if task is not None:
        flips = f"{totals.flipped_right} right, {totals.flipped_wrong} wrong"
        bar.progress.update(task, description=f"tuning {totals.gain:+.1f} points ({flips})")
