"""DetectionFile: a JSON file with all detections of a localizer, in the format of ActivityNet's results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.results.written_line import say_written
from zsar.lightning_modules.localization.contract import Detection
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES
from zsar.runtime.code_version import __version__
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.gathering import gather_from_all


class DetectionFile(Callback):
    """Writes `detections.json` after `zsar test` with a localizer, `detections_predict.json` after `zsar predict`.

        {"version": "zsar 0.1.0",
         "sets": {"split_0": {"results": {"video_1": [{"label": "high jump", "score": 0.8, "segment": [3.5, 9.0]}]},
                              "annotations": {"video_1": [{"label": "high jump", "segment": [3.0, 9.5]}]}}}}

    The results of a set are a results file of ActivityNet's challenge: seconds on the player's clock
    (`video_files.decoding`), videos in the order of the data, the actions of each in temporal order. A video of the set
    without detections has an empty list; suppressed actions are left out. A test also writes the annotated instances
    that the set was measured by. Videos that could not be decoded are not in any set, but listed with the cause under
    "failed", if there are any.
    """

    def __init__(self) -> None:
        """Starts without detections."""
        self._of_sets: dict[int, dict[int, list[dict[str, Any]]]] = {}
        self._failed: dict[int, str] = {}

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops the detections of an earlier test."""
        self._of_sets, self._failed = {}, {}

    on_predict_start = on_test_start

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Tensor,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Stores the detections of a batch."""
        assert isinstance(pl_module, ActionLocalizer)
        texts = pl_module.class_texts["predict" if trainer.predicting else "test"]
        self._failed.update(outputs["failed"])
        for row, of_video in zip(outputs["rows"].tolist(), outputs["localizations"], strict=True):
            for index, localization in of_video.items():
                described = _described(localization.detections, texts[index].names)
                self._of_sets.setdefault(index, {})[row] = described

    on_predict_batch_end = on_test_batch_end

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the file, before any error that ends a test without a result.

        With several processes, the first writes the detections of all.
        """
        everyone, failures = zip(*gather_from_all((self._of_sets, self._failed), trainer), strict=True)
        if not trainer.is_global_zero:
            return
        assert isinstance(pl_module, ActionLocalizer)
        videos = trainer.datamodule.videos  # type: ignore[attr-defined]
        sets: dict[str, dict[str, Any]] = {}
        for index, text in enumerate(pl_module.class_texts["predict" if trainer.predicting else "test"]):
            of_set = {
                row: localization for of_process in everyone for row, localization in of_process.get(index, {}).items()
            }
            rows = sorted(of_set)
            sets[text.set_name] = {"results": {videos[row].id: of_set[row] for row in rows}}
            if not trainer.predicting:
                tested = trainer.datamodule.tested_sets[index]  # type: ignore[attr-defined]
                annotated = _annotated(tested.instances, text.names, rows)
                sets[text.set_name]["annotations"] = {videos[row].id: annotated[row] for row in rows}
        content: dict[str, Any] = {"version": f"zsar {__version__}", "sets": sets}
        failed = {row: problem for of_process in failures for row, problem in of_process.items()}
        if failed:
            content["failed"] = {videos[row].id: failed[row] for row in sorted(failed)}
        name = DETECTION_FILES["predict" if trainer.predicting else "test"]
        say_written(write_json_whole(Path(trainer.default_root_dir) / name, content))

    on_predict_end = on_test_epoch_end


def _annotated(instances: Sequence[Any], names: Sequence[str], rows: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The instances of some videos, by row."""
    of_videos: dict[int, list[dict[str, Any]]] = {row: [] for row in rows}
    for i in instances:
        if i.video in of_videos:
            segment = [i.start_seconds, i.end_seconds]
            of_videos[i.video].append({"label": names[i.label], "segment": segment})
    return of_videos


def _described(detections: Sequence[Detection], names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "label": names[detection.label],
            "score": detection.segment.score,
            "segment": [detection.segment.start_seconds, detection.segment.end_seconds],
        }
        for detection in detections
    ]
