"""PredictionTable: a CSV file with the model's prediction for each video."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.results.written_line import say_written
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.run_folders.prediction_files import (
    LABEL_SEPARATOR,
    OWN_COLUMN,
    PREDICTION_COLUMNS,
    prediction_file,
)
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.terminal import shown
from zsar.runtime.text.written_names import written_name

_MOST_NAMED = 6  # files that are named, each in a line


class PredictionTable(Callback):
    """Writes tables into the run folder: `predictions_SET.csv` of each tested set, `predictions.csv` of `predict`.

    Rows are in the set's order. Columns: path (relative to the data set), label, prediction, its probability, whether
    the video was decoded, and if not, why. In `zsar predict` the label is empty. Names that are not UTF-8 are written
    as in `written_names.py`. The probability is that among the classes of the set (softmax); of a model with a logit
    bias (SigLIP) a last column has the own probability of the predicted class (sigmoid). Where videos show several
    classes or none, the label is their names, separated by `|`; the prediction is the class with the highest score, and
    its probability the sigmoid of that (`own_scores`).
    """

    def __init__(self) -> None:
        """Starts without rows."""
        self._rows: dict[str, list[tuple[int, dict[str, Any]]]] = {}

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops the rows of an earlier test."""
        self._rows = {}

    on_validation_start = on_test_start
    on_predict_start = on_test_start

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Stores the rows of a batch."""
        assert isinstance(pl_module, ActionRecognizer)
        if trainer.state.fn == "fit":  # held-out clips during training
            return
        stage = "predict" if trainer.predicting else "validate" if trainer.validating else "test"
        text = pl_module.class_texts[stage][dataloader_idx]
        table = trainer.datamodule.sets[text.set_name]  # type: ignore[attr-defined]
        probabilities = outputs["probabilities"].float()
        # Sigmoids of several classes may be 1 to all digits.
        best = (outputs["logits"] if text.multi_label else probabilities).argmax(dim=1)
        of_classes = probabilities.gather(1, best[:, None])[:, 0]
        rows = self._rows.setdefault(text.set_name, [])
        problems = iter(batch.undecodable)
        own = outputs.get("own_probabilities")
        of_best = of_classes if own is None else own.float().gather(1, best[:, None])[:, 0]
        columns = (batch.indices, best, of_classes, of_best, batch.failed)
        numbers = zip(*map(Tensor.tolist, columns), _true_classes(batch, text), strict=True)
        for index, prediction, probability, by_itself, failed, classes in numbers:
            row = {
                "video": written_name(table.key(index)),
                "path": written_name(table.path(index)),
                "label": LABEL_SEPARATOR.join(map(written_name, classes)),
                "prediction": "" if failed else written_name(text.names[prediction]),
                "probability": "" if failed else f"{probability:.4f}",
                "decoded": "no" if failed else "yes",
                "problem": shown(next(problems)) if failed else "",
            }
            if own is not None:
                row[OWN_COLUMN] = "" if failed else f"{by_itself:.4g}"
            rows.append((index, row))

    on_validation_batch_end = on_test_batch_end
    on_predict_batch_end = on_test_batch_end

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the files, before any error that ends a test without a result.

        With several processes, the first writes the rows of all.
        """
        if trainer.state.fn == "fit":
            return
        everyone = gather_from_all(self._rows, trainer)
        if not trainer.is_global_zero:
            return
        for set_name in self._rows:
            rows = sorted((row for rows in everyone for row in rows.get(set_name, [])), key=lambda pair: pair[0])
            path = prediction_file(Path(trainer.default_root_dir), set_name)
            _write(path, [row for _, row in rows])
            if len(self._rows) <= _MOST_NAMED:
                say_written(path)
        if len(self._rows) > _MOST_NAMED:
            say_written(Path(trainer.default_root_dir), f"{len(self._rows)} tables, predictions_SET.csv, into")

    on_validation_epoch_end = on_test_epoch_end
    on_predict_end = on_test_epoch_end


def _true_classes(batch: VideoBatch, text: ClassText) -> list[list[str]]:
    """The classes of each video as far as they are known: one, or several or none where `text` says so."""
    if batch.label_sets is None:
        return [[text.names[label]] if label >= 0 else [] for label in batch.labels.tolist()]
    return [[name for name, shows in zip(text.names, row, strict=True) if shows] for row in batch.label_sets.tolist()]


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    own = [OWN_COLUMN] if any(OWN_COLUMN in row for row in rows) else []
    with whole_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*PREDICTION_COLUMNS, *own])
        writer.writeheader()
        writer.writerows(rows)
