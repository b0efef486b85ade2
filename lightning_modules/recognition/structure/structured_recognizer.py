"""StructuredRecognizer: a recognizer that can be trained with distillation of relative structure.

The teacher is saved in every checkpoint that can be resumed (`last.ckpt`, `best.ckpt`), but not with weights alone: a
mean of epochs, a shared folder, an export. Each process updates its own teacher from the same weights, so that all are
equal; each draws its own anchors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.class_embeddings import ChosenPrompts
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureTerm
from zsar.lightning_modules.training.optimization import Optimization


class StructuredRecognizer(ActionRecognizer, ABC):
    """A recognizer with a `structure_term`, which is off until a subclass replaces it."""

    def __init__(self, *, backbone: ClipSettings, scoring: Scoring, optimization: Optimization) -> None:
        """Builds the backbone, frozen, without the term; see `ActionRecognizer`."""
        super().__init__(backbone=backbone, scoring=scoring, optimization=optimization)
        self.structure_term = StructureTerm(None)

    @abstractmethod
    def losses(self, logits: Tensor, frame_embeddings: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The other terms of the training loss; see `ActionRecognizer`."""

    def setup(self, stage: str) -> None:
        """Fetches the class text; a new training starts without a teacher."""
        super().setup(stage)
        if stage == "fit":
            self.structure_term.start()

    def further_losses(self, frames: Tensor, embedded: EmbeddedBatch, chosen: ChosenPrompts) -> dict[str, Tensor]:
        """The term of relative structure, "structure", if it is switched on."""
        return self.structure_term.losses(self, frames, embedded, chosen if self.text_is_trained else None)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the teacher, where a training can be resumed."""
        super().on_save_checkpoint(checkpoint)
        self.structure_term.save(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restores the teacher of a training that is resumed.

        Raises:
            CheckpointError: The checkpoint does not match, or has no teacher where one is needed.
        """
        super().on_load_checkpoint(checkpoint)
        if self._trainer is not None and self._trainer.state.fn == "fit":
            self.structure_term.load(self, checkpoint, path=self._trainer.ckpt_path)
