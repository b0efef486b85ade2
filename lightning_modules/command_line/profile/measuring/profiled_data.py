"""The data module of a profile: one batch again and again, with the class text of one set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.datamodules.samples import Sample, collate
from zsar.datamodules.video import TrimmedVideoDataModule


class ProfiledData(LightningDataModule):
    """What a model sees of a data set while it is measured."""

    def __init__(
        self, module: TrimmedVideoDataModule, batch: VideoBatch, texts: Mapping[str, ClassText], *, n_batches: int
    ) -> None:
        """Stores the batch.

        Args:
            module: The data set, which makes the further views of a batch on the device.
            batch: The batch, on the CPU.
            texts: Class text by stage: "fit", "test".
            n_batches: How often a loader returns the batch.
        """
        super().__init__()
        self._module = module
        self._batches = _Repeated(batch, n_batches)
        self._texts = texts

    def class_text(self, stage: str) -> Sequence[ClassText]:
        """The class text of a stage; validation has that of training."""
        return [self._texts["fit" if stage == "validate" else stage]]

    def train_dataloader(self) -> DataLoader[VideoBatch]:
        """The batch, again and again."""
        return DataLoader(self._batches, batch_size=None)

    test_dataloader = train_dataloader

    def val_dataloader(self) -> list[DataLoader[VideoBatch]]:
        """None: a training step alone is measured."""
        return []

    def on_after_batch_transfer(self, batch: VideoBatch, dataloader_idx: int) -> VideoBatch:
        """Makes the further views that are computed on the device."""
        return self._module.on_after_batch_transfer(batch, dataloader_idx)


def repeated_sample(sample: Sample, n_videos: int, n_classes: int) -> VideoBatch:
    """A batch of copies of one video, each of another class as far as there are so many.

    Args:
        sample: The decoded video.
        n_videos: B.
        n_classes: C.
    """
    batch = collate([replace(sample, label=row % n_classes, index=row) for row in range(n_videos)])
    if batch.views is None:
        return batch
    return replace(batch, views=replace(batch.views, seeds=torch.arange(n_videos)))


class _Repeated(Dataset[VideoBatch]):
    def __init__(self, batch: VideoBatch, n: int) -> None:
        self._batch = batch
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401 - torch's
        return self._batch
