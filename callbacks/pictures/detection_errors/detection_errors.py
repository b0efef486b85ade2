"""DetectionErrors: where a localizer errs, as a picture and numbers for each tested set of classes.

As in the diagnosis of Alwassel et al. (Diagnosing Error in Temporal Action Detectors, ECCV 2018), at one threshold of
temporal IoU: precision and recall by class, kinds of false positives and what they cost (`error_kinds`,
`error_numbers`), and which instances are missed (`missed_instances`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from zsar.callbacks.pictures.detection_errors.error_figure import kind_name
from zsar.callbacks.pictures.detection_errors.error_kinds import ERRORS, check_threshold
from zsar.callbacks.pictures.detection_errors.error_numbers import error_numbers
from zsar.callbacks.pictures.detection_errors.figure import detection_error_figure
from zsar.callbacks.pictures.detection_errors.seen_sets import ALL_DRAWS, SeenSet, pooled
from zsar.callbacks.pictures.drawn_models import localizer_of
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.localization.untrimmed_source import UntrimmedSource, untrimmed_source
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.terminal import say

_KIND = "detection_errors"
_Row = tuple[float, float, float, float, float]  # video, class, start, end, score


class DetectionErrors(Callback):
    """Writes `pictures/detection_errors/SET/errors.png` and `.json` after `zsar test` with a localizer.

    With several draws of classes there is also one of all of them, with the set name `all_draws` (`seen_sets.pooled`).
    A limited test is diagnosed on the videos that it saw, and the picture says how many these are.
    """

    def __init__(self, *, iou_threshold: float = 0.5) -> None:
        """Stores the setting.

        Args:
            iou_threshold: Minimum temporal IoU of a true positive; predictions from 0.1 up to it are localization
                errors.

        Raises:
            ValueError: The threshold is not above 0.1, or above 1.
        """
        check_threshold(iou_threshold)
        self.iou_threshold = iou_threshold
        self._predictions: dict[int, list[_Row]] = {}
        self._durations_seconds: dict[int, dict[int, float]] = {}

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops the predictions of an earlier test.

        Raises:
            ValueError: The model is not an `ActionLocalizer`.
        """
        localizer_of(pl_module, type(self).__name__)
        self._predictions, self._durations_seconds = {}, {}

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: Tensor,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Notes the detections of a batch."""
        videos = zip(outputs["rows"].tolist(), outputs["localizations"], outputs["durations_seconds"], strict=True)
        for row, of_video, duration_seconds in videos:
            for index, localization in of_video.items():
                self._durations_seconds.setdefault(index, {})[row] = duration_seconds
                self._predictions.setdefault(index, []).extend(
                    (row, d.label, d.segment.start_seconds, d.segment.end_seconds, d.segment.score)
                    for d in localization.detections
                )

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Diagnoses all draws together, if there are several, and each set; processes share this work."""
        assert isinstance(pl_module, ActionLocalizer)
        everyone = gather_from_all((self._predictions, self._durations_seconds), trainer)
        sets = []
        for index, text in enumerate(pl_module.class_texts["test"]):
            predictions = [row for of_process, _ in everyone for row in of_process.get(index, ())]
            durations = {video: s for _, of_process in everyone for video, s in of_process.get(index, {}).items()}
            sets.append(_seen_set(untrimmed_source(pl_module), index, text, predictions, durations))
        written = WrittenPictures(_KIND, trainer)
        diagnosed = [pooled(sets), *sets] if len(sets) > 1 else sets
        all_of_them = f"all {len(sets)} draws of classes, each video once in each of its draws"
        for seen in diagnosed[trainer.global_rank :: trainer.world_size]:
            of_what = all_of_them if seen.name == ALL_DRAWS else seen.name
            self._write(written, seen, f"{type(pl_module).__name__} on {of_what}")
        written.finish()

    def _write(self, written: WrittenPictures, seen: SeenSet, of_what: str) -> None:
        n_videos = len(seen.durations_seconds)
        if len(seen.truth) == 0:
            say(f"no errors of {seen.name}: the {n_videos} videos seen have no annotated action of it")
            return
        numbers = error_numbers(
            seen.predictions,
            seen.truth,
            names=seen.class_names,
            iou_threshold=self.iou_threshold,
            durations_seconds=seen.durations_seconds,
        )
        title = f"Errors of {of_what}, mAP {numbers['map']:.1f} %"
        if n_videos < seen.n_listed:
            title += f" on {n_videos} of {seen.n_listed} videos"
        written.add(
            seen.name,
            "errors",
            title=title,
            alt=described(numbers),
            numbers={"set": seen.name, "n_listed": seen.n_listed, **numbers},
            figure=detection_error_figure(numbers, title),
        )


def _seen_set(
    source: UntrimmedSource,
    index: int,
    text: ClassText,
    predictions: Sequence[_Row],
    durations_seconds: Mapping[int, float],
) -> SeenSet:
    truth = source.ground_truth(sorted(durations_seconds), index)
    return SeenSet(
        name=text.set_name,
        class_names=text.names,
        predictions=torch.tensor(predictions, dtype=torch.float64).reshape(-1, 5),
        truth=torch.column_stack([truth.videos.double(), truth.labels.double(), truth.seconds]),
        durations_seconds=durations_seconds,
        n_listed=len(source.tested_sets[index].rows),
    )


def described(numbers: Mapping[str, Any]) -> str:
    """What the picture shows, in words.

    Args:
        numbers: From `error_numbers`.
    """
    ranked = sorted((c for c in numbers["classes"] if c["n_instances"]), key=lambda c: -c["average_precision"])
    (best, *_), (*_, worst) = ranked, ranked
    costly = max(ERRORS, key=lambda kind: numbers["gain"][kind])
    errors = (
        f"The most costly errors are of the kind {kind_name(costly)}: {numbers['errors'][costly]}, without which mAP "
        f"would be {numbers['gain'][costly]:.1f} points higher."
        if numbers["gain"][costly] > 0
        else "No kind of false positive lowers mAP."
    )
    of_classes = f"Average precision ranges from {best['average_precision']:.2f} ({best['class']})"
    return (
        f"Precision and recall by class, kinds of errors and missed instances at temporal IoU "
        f"{numbers['iou_threshold']:g}: {numbers['n_found']} of {numbers['n_instances']} instances are found by "
        f"{numbers['n_predictions']} predictions. {errors} {of_classes} to {worst['average_precision']:.2f} "
        f"({worst['class']})."
    )
