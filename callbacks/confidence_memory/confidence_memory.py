"""ConfidenceMemory: a memory of confident test videos that corrects the logits of all, without training (TDA, DMN).

The papers score a video as soon as it is in the memory, so that a prediction depends on which videos came before. Here
that is `order: stream`; by default a test has two passes. The first embeds every test video and fills the memory, over
all processes; the second is the ordinary test, in which every video is scored with the final memory. Its predictions
depend neither on the order of the videos nor on batches and processes, beyond rounding. They do depend on which videos
are tested together: a memory is transductive, in either order.

Sources: TDA (Karmanov et al., CVPR 2024) and DMN (Zhang et al., CVPR 2024), both published for images; of a video the
mean of its frames stands for the image. Departures: see the README in this folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

from zsar.callbacks.adaptation_callback import AdaptationCallback, log_effects, texts_of_run
from zsar.callbacks.confidence_memory.checked_scores import check_scores
from zsar.callbacks.confidence_memory.memory_adaptation import MemoryAdaptation, MemoryOrder
from zsar.callbacks.confidence_memory.memory_report import print_memories, stored_videos
from zsar.callbacks.confidence_memory.memory_rule import MemoryMethod, memory_settings
from zsar.callbacks.prompt_tuning.tuning_report import gathered_totals
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.choices import check_choice
from zsar.runtime.gathering import gather_from_all


class ConfidenceMemory(AdaptationCallback):
    """Corrects the logits of test videos by a memory of the confident ones."""

    def __init__(
        self,
        *,
        method: MemoryMethod,
        order: MemoryOrder = "two_pass",
        capacity: int | None = None,
        beta: float | None = None,
        alpha: float | None = None,
        negative_capacity: int | None = None,
        negative_alpha: float | None = None,
        negative_beta: float | None = None,
        entropy_window: tuple[float, float] | None = None,
        mask: tuple[float, float] | None = None,
        weight: float | None = None,
        confident_share: float | None = None,
    ) -> None:
        """Checks the settings; the memory is filled when a test starts.

        Args:
            method: "TDA": a positive and a negative cache of videos add to logits; "DMN": the videos of each class and
                its text make a second classifier, whose probabilities are added.
            order: "two_pass": all videos are scored with the final memory. "stream": each is scored with those before
                it and itself, as published, in the order of the SHA-256 of their ids, in a single process.
            capacity: Most videos of a class: null for 3 in TDA's positive cache, 50 in DMN's memory.
            beta: How fast a video fades with its distance to another: null for 5.0 in TDA's positive cache, 5.5 in DMN.
            alpha: TDA: weight of the positive cache, null for 2.0.
            negative_capacity: TDA: most videos of a class in the negative cache, null for 2.
            negative_alpha: TDA: weight of the negative cache, null for 0.117.
            negative_beta: TDA: how fast it fades, null for 1.0.
            entropy_window: TDA: unsure videos, with an entropy between these two (nats over log2 of the number of
                classes), come into the negative cache; null for 0.2 and 0.5.
            mask: TDA: the negative cache takes down classes with a probability between these two; null for 0.03 and
                1.0.
            weight: DMN: of the memory's probabilities beside those of the text, null for 1.0: both count the same.
            confident_share: Share of the views of a video, those of lowest entropy, that speak for it; null for 0.1,
                rounded down, but at least one.

        Raises:
            ValueError: A value is out of range, or of the other method.
        """
        check_choice(MemoryMethod, method=method)
        check_choice(MemoryOrder, order=order)
        self.method, self.order = method, order
        self.settings = memory_settings(
            method,
            capacity=capacity,
            beta=beta,
            alpha=alpha,
            negative_capacity=negative_capacity,
            negative_alpha=negative_alpha,
            negative_beta=negative_beta,
            entropy_window=entropy_window,
            mask=mask,
            weight=weight,
            confident_share=confident_share,
        )
        self._adaptation: MemoryAdaptation | None = None
        self._stored: dict[str, Any] | None = None

    def describe(self) -> dict[str, Any]:
        """The settings that decide a result, for results.json; a stream says so in the name of the method."""
        name = f"{self.method} (stream)" if self.order == "stream" else self.method
        return {"method": name, "order": self.order, **asdict(self.settings)}

    def stored(self) -> dict[str, Any] | None:
        """How many videos of each class the memory of each set holds, by part of the memory."""
        return self._stored

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Attaches the memory to the model.

        Raises:
            TypeError: The model is not an `ActionRecognizer`.
            ValueError: Its scores are not what a memory corrects (`check_scores`), it is adapted otherwise, too, or a
                stream has several processes.
        """
        if not isinstance(pl_module, ActionRecognizer):
            raise TypeError(
                f"ConfidenceMemory corrects logits of an ActionRecognizer, not of a {type(pl_module).__name__}"
            )
        callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
        others = [c for c in callbacks if isinstance(c, AdaptationCallback) and c is not self]
        if others:
            raise ValueError(
                f"ConfidenceMemory stands beside {type(others[0]).__name__}, but a prompt tuned to a video gives it "
                "classes of its own, with which others' entropies and logits do not compare; leave one out"
            )
        if self.order == "stream" and trainer.world_size > 1:
            raise ValueError(
                f"a stream has one order, but there are {trainer.world_size} processes, each with its own videos; give "
                "--trainer.devices 1, or order two_pass"
            )
        texts = texts_of_run(trainer, pl_module)
        check_scores(pl_module, texts)
        self._stored = None
        self._adaptation = MemoryAdaptation(pl_module, texts, settings=self.settings, order=self.order)
        pl_module.adaptation = self._adaptation

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first pass: embeds every video of all sets and fills the memories.

        Raises:
            NotFiniteError: Logits are NaN or infinite.
        """
        assert isinstance(pl_module, ActionRecognizer)
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        loaders = data.predict_dataloader() if trainer.predicting else data.test_dataloader()
        limits = trainer.num_predict_batches if trainer.predicting else trainer.num_test_batches
        for number, text in enumerate(texts_of_run(trainer, pl_module)):
            with _shown_pass(trainer, text, int(limits[number])) as show:
                for batch in islice(loaders[number], int(limits[number])):
                    self._observe(trainer, pl_module, batch, number, text)
                    show()
            memories = gather_from_all(self._attached.memory(text), trainer)
            self._attached.finish(text, memories)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Counts the effects of the memory."""
        assert isinstance(pl_module, ActionRecognizer)
        self._attached.count(batch, outputs["logits"], texts_of_run(trainer, pl_module)[dataloader_idx])

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the effects of the memory on each set, over all processes."""
        assert isinstance(pl_module, ActionRecognizer)
        self._gather(trainer, pl_module)
        log_effects(pl_module, self._attached.totals)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints the tables, and detaches the memory."""
        if trainer.is_global_zero:
            assert self._stored is not None
            print_memories(self.describe()["method"], self._attached.totals, self._stored)
        self._detach(pl_module)

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Combines the sums of all processes."""
        assert isinstance(pl_module, ActionRecognizer)
        self._gather(trainer, pl_module)

    on_predict_start = on_test_start
    on_predict_epoch_start = on_test_epoch_start
    on_predict_batch_end = on_test_batch_end
    on_predict_end = on_test_end

    @property
    def _attached(self) -> MemoryAdaptation:
        assert self._adaptation is not None
        return self._adaptation

    def _observe(
        self, trainer: Trainer, model: ActionRecognizer, batch: VideoBatch, number: int, text: ClassText
    ) -> None:
        """Embeds a batch as a step of the test does: on its device, under its precision."""
        table = trainer.datamodule.sets[text.set_name]  # type: ignore[attr-defined]
        batch = trainer.strategy.batch_to_device(batch, dataloader_idx=number)
        keys = [table.key(index) for index in batch.indices.tolist()]
        with trainer.precision_plugin.forward_context():
            self._attached.observe(batch, text, keys, precision=str(trainer.precision))

    def _gather(self, trainer: Trainer, model: ActionRecognizer) -> None:
        adaptation = self._attached
        adaptation.totals = gathered_totals(gather_from_all(adaptation.totals, trainer))
        texts = {text.set_name: text for text in texts_of_run(trainer, model)}
        self._stored = {name: stored_videos(adaptation.memories[name], texts[name]) for name in texts}


@contextmanager
def _shown_pass(trainer: Trainer, text: ClassText, n_batches: int) -> Iterator[Any]:
    """A line of the trainer's progress bar for the first pass over a set; the value advances it by a batch."""
    bar = trainer.progress_bar_callback
    if not isinstance(bar, RichProgressBar) or bar.progress is None:
        yield lambda: None
        return
    progress = bar.progress
    task = progress.add_task(f"[white]filling the memory of {text.set_name}", total=n_batches)
    try:
        yield lambda: progress.update(task, advance=1, refresh=True)
    finally:
        progress.remove_task(task)
