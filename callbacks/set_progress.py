"""SetProgressBar: Lightning's progress bar with the set that is tested; it ends before tables are printed."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar


class SetProgressBar(RichProgressBar):
    """One bar for each test set, after the other: "Testing fog_3 (14 of 91)"; just "Testing" for a single set.

    It ends when the last set is done, before tables are printed, so it must come before the callbacks that print them.
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

    def get_metrics(
        self, trainer: Trainer, pl_module: LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The metrics after the bar, without the number of the log's version."""
        return {name: value for name, value in super().get_metrics(trainer, pl_module).items() if name != "v_num"}

    def _get_train_description(self, current_epoch: int) -> str:
        """Counts epochs from 1, as in "Epoch 1 of 2", unlike Lightning."""
        most = self.trainer.max_epochs
        text = f"Epoch {current_epoch + 1}" + (f" of {most}" if most is not None and most > 0 else "")
        return text.ljust(len(self.validation_description))

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends the bar, or else it is printed again below the table; during training it stays."""
        if trainer.state.fn != "fit":
            self._stop_progress()

    on_predict_epoch_end = on_test_epoch_end

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hides the bar of a validation during training; ends it after `zsar validate`."""
        super().on_validation_epoch_end(trainer, pl_module)
        self.on_test_epoch_end(trainer, pl_module)
