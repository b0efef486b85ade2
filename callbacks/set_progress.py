"""SetProgressBar: Lightning's progress bar with the name of the set that is tested."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar


class SetProgressBar(RichProgressBar):
    """One bar for each test set, after the other: "Testing fog_3 (14 of 91)"; just "Testing" for a single set."""

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
