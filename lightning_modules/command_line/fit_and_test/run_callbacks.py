"""The callbacks that every run has: its bar, results, predictions, cost, and tracking where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.callbacks import LearningRateMonitor

from zsar.callbacks.cost.training_cost import TrainingCost
from zsar.callbacks.results.detection_file import DetectionFile
from zsar.callbacks.results.localization_manifest import LocalizationManifest
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.callbacks.results.result_manifest import ResultManifest
from zsar.callbacks.set_progress import SetProgressBar
from zsar.callbacks.tracking.run_tracking import RunTracking
from zsar.callbacks.undecodable_videos import UndecodableVideos
from zsar.lightning_modules.localization.localizer import ActionLocalizer

_RESULTS = (SetProgressBar, ResultManifest, LocalizationManifest, DetectionFile, PredictionTable)


def run_callbacks(
    model: LightningModule,
    config: Any,  # noqa: ANN401 - jsonargparse's Namespace
    *,
    command: str,
    written: Mapping[str, Any],
    is_logged: bool,
    tracking: RunTracking | None,
) -> list[Callback]:
    """The callbacks, in the order in which they are called.

    Args:
        model: The recognizer or localizer.
        config: The configuration of the command, instantiated.
        command: "fit", "validate", "test" or "predict".
        written: The configuration as it is recorded in results.
        is_logged: Whether there is a logger.
        tracking: Hands the run to Weights & Biases; None where it is not tracked.
    """
    is_localizer = isinstance(model, ActionLocalizer)
    # The bar comes first: it ends before the others print their tables.
    callbacks: list[Callback] = [SetProgressBar()] if config.trainer.enable_progress_bar is not False else []
    callbacks += (
        [LocalizationManifest(dict(written)), DetectionFile()]
        if is_localizer
        else [ResultManifest(dict(written)), PredictionTable()]
    )
    callbacks.append(UndecodableVideos())
    if config.adaptation is not None:
        callbacks.append(config.adaptation)
    if tracking is not None:
        callbacks.append(tracking)
    if command == "fit":
        callbacks.append(TrainingCost())
    if is_logged and not is_localizer:
        callbacks += [LearningRateMonitor(logging_interval=interval) for interval in ("step", "epoch")]
    return callbacks


def results_first(callbacks: Sequence[Callback]) -> list[Callback]:
    """Moves what writes results in front of all other callbacks; their order is otherwise kept.

    Lightning puts the callbacks of a configuration first. But if a picture cannot be drawn, the results of a long test
    must not be lost; drawing must not count in its seconds; and nothing should be printed before the bar has ended.

    Args:
        callbacks: All callbacks of a trainer.
    """
    return sorted(callbacks, key=lambda callback: not isinstance(callback, _RESULTS))
