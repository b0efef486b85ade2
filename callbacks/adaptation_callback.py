"""AdaptationCallback: base of the callbacks that adapt a recognizer to its test videos, which `--adaptation` sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.accuracy import metric_prefix
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


class Effects(Protocol):
    """What an adaptation changed in a set."""

    def metrics(self) -> dict[str, float]:
        """The values for logs and results.json."""
        ...


class AdaptationCallback(Callback):
    """Adapts what a recognizer predicts in a test or a prediction; a run has at most one."""

    def describe(self) -> dict[str, Any]:
        """The settings that decide a result, for results.json; "method" is the name in results."""
        raise NotImplementedError

    def stored(self) -> dict[str, Any] | None:
        """What the adaptation holds at the end of a test, by name of the set, for results.json; None for nothing."""
        return None

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Detaches the adaptation."""
        self._detach(pl_module)

    def _detach(self, model: LightningModule) -> None:
        """Leaves the model as it was, and drops the adaptation with its caches."""
        self._adaptation: Any = None
        if isinstance(model, ActionRecognizer):
            model.adaptation = None


def texts_of_run(trainer: Trainer, model: ActionRecognizer) -> Sequence[ClassText]:
    """The classes of each data loader of a test or prediction."""
    return model.class_texts["predict" if trainer.predicting else "test"]


def log_effects(model: ActionRecognizer, totals: Mapping[str, Effects]) -> None:
    """Logs the effects of an adaptation on each set of a test.

    Args:
        model: The tested model.
        totals: {set name: sums over all processes}.
    """
    for text in model.class_texts["test"]:
        prefix = metric_prefix("test", text)
        for name, value in totals[text.set_name].metrics().items():
            model.log(f"{prefix}/{name}", value, sync_dist=False, rank_zero_only=False)


def adaptation_entries(callbacks: Sequence[Callback]) -> dict[str, Any]:
    """The entries of results.json about the adaptation of a run, null without one.

    Args:
        callbacks: All callbacks of the trainer.

    Returns:
        "adaptation": its settings; "stored": what it holds.
    """
    adaptation = next((callback for callback in callbacks if isinstance(callback, AdaptationCallback)), None)
    if adaptation is None:
        return {"adaptation": None, "stored": None}
    return {"adaptation": adaptation.describe(), "stored": adaptation.stored()}
