"""Steps of a recognizer, run by Lightning's trainer with the model's own `test_step` and `training_step`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer

from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.lightning_modules.command_line.profile.measuring.profiled_data import ProfiledData
from zsar.lightning_modules.command_line.profile.measuring.steps import Steps, n_warm_up
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.device_clock import device_seconds
from zsar.runtime.run_seed import run_seed

_ACCELERATORS = {"cpu": "cpu", "cuda": "gpu", "mps": "mps"}


@dataclass(frozen=True)
class RecognizerProfile:
    """What is measured of a recognizer, and how.

    Attributes:
        model: The model, which training changes.
        module: The data set.
        batch: The batch of each step, on the CPU.
        texts: Class text by stage: "fit", "test".
        device: Where it runs.
        precision: As `Trainer` takes it.
        gradient_clip: The trainer's `gradient_clip_val`; None for none.
        repeats: Measured steps.
        memory: Measures the peaks.
    """

    model: ActionRecognizer
    module: TrimmedVideoDataModule
    batch: VideoBatch
    texts: Mapping[str, ClassText]
    device: torch.device
    precision: Any
    gradient_clip: float | None
    repeats: int
    memory: PeakMemory

    def forward(self) -> tuple[Steps, float]:
        """Frames on the device -> logits, in `test_step`, without tuning.

        Returns:
            The steps, and the seconds in which all class text was embedded before them, once.
        """
        timer = self._tested(None)
        return timer.steps, timer.text_seconds

    def tuned(self, tuning: PromptTuning) -> tuple[Steps, dict[str, float]]:
        """The same with a prompt tuned for each video.

        Args:
            tuning: The method.

        Returns:
            The steps, and seconds a video of their parts: embedding all views, tuning.

        Raises:
            ValueError: The data make no views to tune on, or the weights would not be fp32.
        """
        timer = self._tested(tuning)
        assert timer.adaptation is not None
        totals = timer.adaptation.totals[self.texts["test"].set_name]
        n_videos = len(self.batch) * self._n_steps
        parts = ("encoding_seconds", "tuning_seconds")
        return timer.steps, {name: float(f"{getattr(totals, name) / n_videos:.4g}") for name in parts}

    def _tested(self, tuning: PromptTuning | None) -> StepTimer:
        timer = self._timer(tuning)
        self.model.class_embeddings.forget()
        self._trainer(timer).test(self.model, datamodule=self._data(), verbose=False)
        self.model.adaptation = None
        return timer

    def training(self) -> Steps:
        """Forward pass, losses, backward pass and optimizer, in `training_step`; the model is trained by it."""
        timer = self._timer(None)
        self.model.class_embeddings.forget()  # embeddings of a test have no gradients to give
        trainer = self._trainer(timer, max_steps=self._n_steps, gradient_clip_val=self.gradient_clip)
        trainer.fit(self.model, datamodule=self._data())
        return timer.steps

    @property
    def _n_steps(self) -> int:
        return self.repeats + n_warm_up(self.device)

    def _data(self) -> ProfiledData:
        return ProfiledData(self.module, self.batch, self.texts, n_batches=self._n_steps)

    def _timer(self, tuning: PromptTuning | None) -> StepTimer:
        return StepTimer(memory=self.memory, n_warm_up=n_warm_up(self.device), tuning=tuning)

    def _trainer(self, timer: StepTimer, **more: Any) -> Trainer:  # noqa: ANN401 - Lightning's arguments
        return Trainer(
            accelerator=_ACCELERATORS.get(self.device.type, self.device.type),
            devices=1 if self.device.index is None else [self.device.index],
            precision=self.precision,
            callbacks=[timer],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            limit_val_batches=0,
            use_distributed_sampler=False,
            **more,
        )


class StepTimer(Callback):
    """Times the steps of a test or of a training.

    Attributes:
        text_seconds: In which the class text of a test was embedded.
        adaptation: Tunes prompts in the test; None without.
    """

    def __init__(self, *, memory: PeakMemory, n_warm_up: int, tuning: PromptTuning | None) -> None:
        """Measures nothing yet.

        Args:
            memory: Measures the peaks.
            n_warm_up: Steps that do not count.
            tuning: Tunes prompts in a test; None for none.
        """
        self._memory = memory
        self._n_warm_up = n_warm_up
        self._tuning = tuning
        self._seconds: list[float] = []
        self._began = 0.0
        self._size = (0, 0)
        self._peaks: Mapping[str, float | None] = {}
        self.text_seconds = 0.0
        self.adaptation: PromptAdaptation | None = None

    @property
    def steps(self) -> Steps:
        """The measured steps."""
        n_videos, n_frames = self._size
        return Steps(tuple(self._seconds[self._n_warm_up :]), n_videos, n_frames, self._peaks)

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ANN401 - a recognizer
        """Begins with the memory of now."""
        self._memory.restart()

    def on_test_start(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ANN401 - a recognizer
        """Begins with the memory of now, and attaches the tuning."""
        self._memory.restart()
        if self._tuning is not None:
            texts, prompts, rule = pl_module.class_texts["test"], self._tuning.prompts, self._tuning.rule
            self.adaptation = PromptAdaptation(pl_module, texts, prompts=prompts, rule=rule, seed=run_seed())
            pl_module.adaptation = self.adaptation

    def on_train_batch_start(
        self,
        trainer: Trainer,
        pl_module: Any,  # noqa: ANN401 - a recognizer
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Starts the clock; before the first batch of a test, the class text is embedded."""
        views = 0 if batch.views is None or self.adaptation is None else batch.views.frames.shape[1:3].numel()
        self._size = (len(batch), len(batch) * (batch.frames.shape[1:3].numel() + views))
        if trainer.testing and batch_idx == 0 and self.adaptation is None:
            self.text_seconds = _seconds_of(lambda: _embed_text(trainer, pl_module), pl_module.device)
        self._began = device_seconds(pl_module.device)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,  # noqa: ANN401 - a recognizer
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Stops the clock."""
        self._seconds.append(device_seconds(pl_module.device) - self._began)
        self._peaks = self._memory.peaks()

    on_test_batch_start = on_train_batch_start
    on_test_batch_end = on_train_batch_end


def _embed_text(trainer: Trainer, model: ActionRecognizer) -> None:
    with trainer.precision_plugin.forward_context():
        model.class_embeddings.cached(model.class_texts["test"][0].prompts, model.device)


def _seconds_of(function: Callable[[], None], device: torch.device) -> float:
    began = device_seconds(device)
    function()
    return device_seconds(device) - began
