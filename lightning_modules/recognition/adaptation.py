"""BatchAdaptation: embeds a test batch in place of the model, for example with a prompt tuned for each video.

A recognizer holds at most one (`ActionRecognizer.adaptation`) and calls it in `ActionRecognizer.embed_or_adapt`, the
only place where predictions may be adapted. A callback attaches it when a test or prediction starts, and detaches it at
the end or after an error: `zsar.callbacks.prompt_tuning`, `zsar.callbacks.confidence_memory`. No model imports these.
"""

from __future__ import annotations

from typing import Protocol

from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch


class BatchAdaptation(Protocol):
    """Embeds a batch of `zsar test` or `zsar predict` in its own way; the model scores what it returns."""

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """Embeds a batch and its class text, adapted to its videos.

        Called within the step, under its precision and inference mode. Leaves the model unchanged.

        Args:
            batch: The videos, on the model's device.
            text: The classes of their set.

        Returns:
            Embeddings on the model's device; class embeddings may differ by video, [B, C, P, D]. Its `logits`, if any,
            are predicted in place of the comparison.
        """
        ...
