"""ObservingCallback: sees what a model scores in a test, with or without an adaptation, and changes nothing.

An `ObservedBatches` takes the place of the model's `BatchAdaptation` during a batch, embeds as that or the model does,
and keeps the result until the batch ends. Several callbacks share one. Predictions do not change.
"""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.callbacks.pictures.drawn_models import recognizer_of
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.adaptation import BatchAdaptation
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch


class ObservedBatches:
    """A `BatchAdaptation` that changes nothing.

    Attributes:
        adaptation: The model's own; None if it has none.
    """

    def __init__(self, model: ActionRecognizer) -> None:
        """Starts without a batch.

        Args:
            model: The tested model.
        """
        self.adaptation: BatchAdaptation | None = model.adaptation
        self._model = model
        self._embedded: EmbeddedBatch | None = None

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Embeds a batch as the model's own adaptation does, or the model."""
        own = self.adaptation
        self._embedded = self._model.embed(batch, text) if own is None else own.adapt(batch, text)
        return self._embedded

    @property
    def embedded(self) -> EmbeddedBatch:
        """The batch that was embedded last."""
        assert self._embedded is not None
        return self._embedded


def observe(model: ActionRecognizer) -> ObservedBatches:
    """Starts to observe a model, before a batch; several callbacks get the same observer.

    Args:
        model: The tested model, with its adaptation attached.
    """
    if not isinstance(model.adaptation, ObservedBatches):
        model.adaptation = ObservedBatches(model)
    return model.adaptation


def end_observation(model: ActionRecognizer) -> None:
    """Gives the model its own adaptation back, after a batch or an error; does nothing if it is not observed."""
    if isinstance(model.adaptation, ObservedBatches):
        model.adaptation = model.adaptation.adaptation


class ObservingCallback(Callback):
    """Base of callbacks that need the embeddings of all test videos; a subclass defines `see`."""

    _observed: ObservedBatches | None = None

    def see(self, batch: VideoBatch, text: ClassText, observed: ObservedBatches) -> None:
        """Takes a tested batch.

        Args:
            batch: The videos.
            text: The classes of their set.
            observed: What was scored, and the adaptation that embedded it, if any.
        """
        raise NotImplementedError

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks the model.

        Raises:
            ValueError: It is not an `ActionRecognizer`.
        """
        pl_module = recognizer_of(pl_module, type(self).__name__)

    def on_test_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: VideoBatch, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Observes the model during a batch."""
        assert isinstance(pl_module, ActionRecognizer)
        self._observed = observe(pl_module)

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Passes the batch on, and ends the observation."""
        assert isinstance(pl_module, ActionRecognizer)
        assert self._observed is not None
        end_observation(pl_module)
        self.see(batch, pl_module.class_texts["test"][dataloader_idx], self._observed)
        self._observed = None

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Ends the observation."""
        if isinstance(pl_module, ActionRecognizer):
            end_observation(pl_module)
