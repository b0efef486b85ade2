"""TestedVideos: what a test said about every video, collected for pictures that are drawn at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.drawn_models import recognizer_of
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.runtime.gathering import gather_from_all

_Batch = tuple[tuple[Tensor, Tensor, Tensor, Tensor], Tensor | None]
"""Rows, labels, probabilities and failures of a batch, and the own probabilities of its best classes."""


@dataclass(frozen=True)
class TestedSet:
    """The predictions of a test set, in the order of the set.

    Attributes:
        text: The classes.
        dataloader_idx: Index of the set's data loader.
        rows: Row of each video in the set, int64 [N], ascending.
        labels: True class of each, int64 [N].
        probabilities: Of each class, float32 [N, C]; meaningless where a video failed.
        failed: Whether the video could not be decoded, bool [N].
        own_confidences: Own probability of the most probable class, float32 [N], of models with a logit bias; else
            None. `zsar classify --threshold` is compared with these.
    """

    text: ClassText
    dataloader_idx: int
    rows: Tensor
    labels: Tensor
    probabilities: Tensor
    failed: Tensor
    own_confidences: Tensor | None = None

    __test__ = False  # not a test of pytest

    @property
    def set_name(self) -> str:
        """The set's name."""
        return self.text.set_name

    @property
    def predictions(self) -> Tensor:
        """The most probable class of each video, int64 [N]."""
        return self.probabilities.argmax(dim=1)

    @property
    def confidences(self) -> Tensor:
        """The probability of that class, float32 [N]."""
        return self.probabilities.amax(dim=1)

    @property
    def correct(self) -> Tensor:
        """Whether that is the true class, bool [N]; false where a video failed."""
        return (self.predictions == self.labels) & ~self.failed

    @property
    def decoded(self) -> Tensor:
        """Positions of the videos that were decoded, int64."""
        return (~self.failed).nonzero().flatten()


class TestedVideos:
    """Collects the predictions of all batches of a test."""

    __test__ = False  # not a test of pytest

    def __init__(self) -> None:
        """Starts empty."""
        self._texts: list[ClassText] = []
        self._batches: dict[int, list[_Batch]] = {}

    def start(self, model: LightningModule, *, needed_by: str) -> None:
        """Forgets an earlier test.

        Args:
            model: The tested model, which has fetched its class text.
            needed_by: Name of the callback, for the error.

        Raises:
            ValueError: The model is not an `ActionRecognizer`.
        """
        self._texts = list(recognizer_of(model, needed_by).class_texts["test"])
        self._batches = {number: [] for number in range(len(self._texts))}

    def add(self, batch: VideoBatch, outputs: Any, dataloader_idx: int) -> None:  # noqa: ANN401 - of a test step
        """Adds the predictions of a batch.

        Args:
            batch: The videos.
            outputs: What the model's `test_step` returned.
            dataloader_idx: Index of the set's data loader.
        """
        columns = (batch.indices, batch.labels, outputs["probabilities"].float(), batch.failed)
        rows, labels, probabilities, failed = (column.detach().cpu() for column in columns)
        own = outputs.get("own_probabilities")
        if own is not None:
            own = own.detach().float().cpu().gather(1, probabilities.argmax(dim=1, keepdim=True))[:, 0]
        self._batches[dataloader_idx].append(((rows, labels, probabilities, failed), own))

    def gathered(self, trainer: Trainer) -> dict[str, TestedSet]:
        """The predictions of all processes, by set; all processes must call this.

        Sets of which nothing was tested, as when batches are limited, are empty.
        """
        everyone = gather_from_all(self._batches, trainer)
        sets = {}
        for number, text in enumerate(self._texts):
            n_classes = len(text.names)
            batches = [batch for batches in everyone for batch in batches[number]]
            batches = batches or [_nothing(n_classes)]
            columns = [torch.cat(column) for column in zip(*(columns for columns, _ in batches), strict=True)]
            own = [of_batch for _, of_batch in batches if of_batch is not None]
            order = columns[0].argsort()
            rows, labels, probabilities, failed = (column[order] for column in columns)
            of_best = torch.cat(own)[order] if own else None
            sets[text.set_name] = TestedSet(text, number, rows, labels, probabilities, failed, of_best)
        return sets


def _nothing(n_classes: int) -> _Batch:
    none = torch.empty(0, dtype=torch.int64)
    return (none, none, torch.empty(0, n_classes), torch.empty(0, dtype=torch.bool)), None


class TestedPictures(Callback):
    """Base of callbacks that draw what a test said of its videos, at its end.

    Attributes:
        tested: The predictions.
    """

    __test__ = False  # not a test of pytest

    def __init__(self) -> None:
        """Starts without videos."""
        self.tested = TestedVideos()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets an earlier test.

        Raises:
            ValueError: The model is not an `ActionRecognizer`.
        """
        self.tested.start(pl_module, needed_by=type(self).__name__)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Notes the predictions of a batch."""
        self.tested.add(batch, outputs, dataloader_idx)
