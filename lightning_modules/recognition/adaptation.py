"""BatchAdaptation: what may embed a test batch in the model's place, such as a prompt tuned for each of its videos.

A recognizer holds at most one (`ActionRecognizer.adaptation`) and asks it in `ActionRecognizer.embed_or_adapt`, the
only place where predictions may be adapted. A callback attaches it when a test or prediction starts and detaches it at
the end or after an error: `zsar.callbacks.prompt_tuning`, which no model imports.
"""

from __future__ import annotations

from typing import Protocol

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch


class BatchAdaptation(Protocol):
    """Embeds a batch of `zsar test` or `zsar predict` in its own way; the model scores what it returns."""

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Embeds a batch and its class text, adapted to each video alone.

        It is called within the step, under its precision and its inference mode, and leaves the model as it was.

        Args:
            batch: The videos, on the model's device.
            text: The classes of their set.

        Returns:
            Embeddings on the model's device; class embeddings may be of each video, [B, C, P, D].
        """
        ...
