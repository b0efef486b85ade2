"""SetProgressBar: Lightning's progress bar with the epoch, or the set that is tested, and gone before results."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

from zsar.runtime.terminal import result_console


class SetProgressBar(RichProgressBar):
    """One bar for each set, after the other: "Testing fog_3 (14 of 91)"; just "Testing" for a single set.

    In training it counts epochs from 1: "Epoch 2/2" is the last of two. At the end of a test, a validation or a
    prediction it is removed, so that results are printed below the command and nothing is printed below them. For this
    it must stand before the callbacks that print results in the trainer's list. Files and pipes get no bar.
    """

    def __init__(self) -> None:
        """The bar disappears when a set is done."""
        super().__init__(leave=False)
        self._of_set = ""

    def on_test_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,  # noqa: ANN401 - Lightning's signature
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Names the set of the data loader that begins."""
        texts = getattr(pl_module, "class_texts", {}).get("test", ())
        several = len(texts) > 1
        self._of_set = f" {texts[dataloader_idx].set_name} ({dataloader_idx + 1} of {len(texts)})" if several else ""
        super().on_test_batch_start(trainer, pl_module, batch, batch_idx, dataloader_idx)

    @property
    def test_description(self) -> str:
        """What stands before the bar."""
        return f"{super().test_description}{self._of_set}"

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """The metrics beside the bar, without the name of the log, which Lightning calls `v_num`."""
        metrics: dict[str, Any] = super().get_metrics(trainer, pl_module)
        return {name: value for name, value in metrics.items() if name != "v_num"}

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Removes the bar before results are printed."""
        self._remove()

    on_predict_epoch_end = on_test_epoch_end

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Removes the bar after `zsar validate`; in training, only the bar of the held-out clips."""
        super().on_validation_epoch_end(trainer, pl_module)
        if trainer.state.fn == "validate":
            self._remove()

    def _init_progress(self, trainer: Trainer) -> None:
        if not result_console().is_interactive:
            self.disable()  # rich would print an empty line for each bar
        super()._init_progress(trainer)

    def _remove(self) -> None:
        if self.progress is not None:
            self.progress.live.transient = True
        self._stop_progress()

    def _get_train_description(self, current_epoch: int) -> str:
        """The epoch, counted from 1; as wide as "Validation", so that the two bars begin in one column."""
        most = self.trainer.max_epochs
        text = f"Epoch {current_epoch + 1}" + (f"/{most}" if most and most > 0 else "")
        return text.ljust(len(self.validation_description))
