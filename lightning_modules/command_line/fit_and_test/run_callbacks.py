"""The callbacks that every run has: its bar, results, predictions, cost, and tracking where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
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
from zsar.lightning_modules.run_folders.run_lock import is_first_process
from zsar.runtime.terminal import say

_PICTURES = "zsar.callbacks.pictures."
_STARTS = {
    "fit": "on_fit_start",
    "validate": "on_validation_start",
    "test": "on_test_start",
    "predict": "on_predict_start",
}
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


def put_in_order(trainer: Trainer, command: str) -> None:
    """Puts a trainer's callbacks in the order in which they are called, and says which have nothing to do.

    Args:
        trainer: The trainer, with the callbacks of its configuration.
        command: "fit", "validate", "test" or "predict".
    """
    trainer.callbacks = results_first(trainer.callbacks)  # type: ignore[attr-defined]
    say_idle(trainer.callbacks, command)  # type: ignore[attr-defined]


def results_first(callbacks: Sequence[Callback]) -> list[Callback]:
    """Moves what writes results in front of all other callbacks; their order is otherwise kept.

    Lightning puts the callbacks of a configuration first. But if a picture cannot be drawn, the results of a long test
    must not be lost; drawing must not count in its seconds; and nothing should be printed before the bar has ended.

    Args:
        callbacks: All callbacks of a trainer.
    """
    return sorted(callbacks, key=lambda callback: not isinstance(callback, _RESULTS))


def say_idle(callbacks: Sequence[Callback], command: str) -> None:
    """Says which callbacks draw pictures, but not in this command: an experiment may have them for its test.

    Args:
        callbacks: All callbacks of a trainer.
        command: "fit", "validate", "test" or "predict".
    """
    start = _STARTS[command]
    drawing = [type(callback) for callback in callbacks if type(callback).__module__.startswith(_PICTURES)]
    idle = [kind.__name__ for kind in drawing if getattr(kind, start) is getattr(Callback, start)]
    if idle and is_first_process():
        names = ", ".join(dict.fromkeys(idle))
        say(f"no pictures by {names} in zsar {command}: they are drawn in zsar test", error=True)
