"""ConfusionMatrix: which classes of a test set are taken for which, and the worst classes."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torchmetrics.classification import MulticlassConfusionMatrix

from zsar.callbacks.pictures.drawn_models import recognizer_of
from zsar.callbacks.pictures.errors.class_figure import draw_worst_classes
from zsar.callbacks.pictures.errors.class_listing import print_worst_classes, write_cell_table, write_class_table
from zsar.callbacks.pictures.errors.confusions import Confusions
from zsar.callbacks.pictures.errors.matrix_figure import draw_matrix
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.runtime.terminal import say

_MOST_PRINTED = 6  # sets whose worst classes are printed; the files have those of all
_N_NAMED = 3  # groups and classes in the text that stands for a picture


class ConfusionMatrix(Callback):
    """Writes `RUN_DIR/pictures/confusion/SET/matrix` and `classes` (.png, .json, .csv) of each set in `zsar test`.

    `matrix` shows which classes are taken for which: all of them, or 40, groups of confused classes first; JSON and CSV
    have all cells that are not zero. `classes` shows the worst 40 classes; JSON and CSV have all. The ten worst are
    printed if there are at most six sets. Counts are torchmetrics', over all processes. Videos that could not be
    decoded are a column of their own.
    """

    def __init__(self) -> None:
        """Starts without videos."""
        self._texts: list[ClassText] = []
        self._metrics: list[MulticlassConfusionMatrix] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts counting.

        Raises:
            ValueError: The model is not an `ActionRecognizer`.
        """
        pl_module = recognizer_of(pl_module, type(self).__name__)
        self._texts = list(pl_module.class_texts["test"])
        # One more class, which is never true: the prediction of videos that could not be decoded.
        self._metrics = [MulticlassConfusionMatrix(len(text.names) + 1).to(pl_module.device) for text in self._texts]
        nothing = torch.empty(0, dtype=torch.int64, device=pl_module.device)
        for metric in self._metrics:  # a process may get no video of a set
            metric.update(nothing, nothing)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Counts the videos of a batch."""
        predictions: Tensor = outputs["probabilities"].argmax(dim=1)
        no_prediction = len(self._texts[dataloader_idx].names)
        predictions = predictions.masked_fill(batch.failed, no_prediction)
        self._metrics[dataloader_idx].update(predictions, batch.labels)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the pictures and prints the worst classes."""
        written = WrittenPictures("confusion", trainer)
        for text, metric in zip(self._texts, self._metrics, strict=True):
            counts = metric.compute().cpu()
            if trainer.is_global_zero:
                n_listed = len(trainer.datamodule.sets[text.set_name])  # type: ignore[attr-defined]
                confusions = Confusions(
                    set_name=text.set_name,
                    names=text.names,
                    counts=counts[:-1, :-1].numpy(),
                    undecodable=counts[:-1, -1].numpy(),
                    n_listed=n_listed,
                )
                _write(confusions, written)
                if len(self._texts) <= _MOST_PRINTED:
                    print_worst_classes(confusions)
        written.finish()


def _write(confusions: Confusions, written: WrittenPictures) -> None:
    name = confusions.set_name
    if not confusions.n:
        say(f"no confusion matrix of {name}: none of its {confusions.n_listed:,} videos was tested")
        return
    written.add(
        name,
        "matrix",
        title=f"{name}: which classes are taken for which",
        alt=f"Confusion matrix, {confusions.summary}. {_groups_in_words(confusions)}",
        numbers=confusions.to_dict(),
        figure=draw_matrix(confusions),
        further={"table": write_cell_table(confusions, written.path(name, "matrix", ".csv"))},
    )
    rows = [row.to_dict() for row in confusions.rows]
    written.add(
        name,
        "classes",
        title=f"{name}: the worst classes, and what they are taken for",
        alt=f"Bars of right and wrong answers by class, {confusions.summary}. {_worst_in_words(confusions)}",
        numbers={"set": name, "n": confusions.n, "n_listed": confusions.n_listed, "classes": rows},
        figure=draw_worst_classes(confusions),
        further={"table": write_class_table(confusions, written.path(name, "classes", ".csv"))},
    )


def _groups_in_words(confusions: Confusions) -> str:
    groups = [" and ".join(confusions.names[i] for i in cluster.classes) for cluster in confusions.clusters]
    if not groups:
        return "No group of classes stands out as taken for each other."
    further = len(groups) - _N_NAMED
    rest = f"; and {further} more group{'' if further == 1 else 's'}" if further > 0 else ""
    return f"Taken for each other: {'; '.join(groups[:_N_NAMED])}{rest}."


def _worst_in_words(confusions: Confusions) -> str:
    worst = []
    for row in confusions.rows[:_N_NAMED]:
        if row.top1 is not None and row.top1 < 1:
            other = f", most often taken for {row.confused_with}" if row.confused_with else ""
            worst.append(f"{row.name}, {100 * row.top1:.0f} % right{other}")
    return f"Worst: {'; '.join(worst)}." if worst else "Every video is right."
