"""EmbeddedBatch: videos and class text as a model embedded them, ready to be scored."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class EmbeddedBatch:
    """What logits are computed from. A test-time adaptation hands its own to the model (`ActionRecognizer.adapted`).

    Attributes:
        frames: Frame embeddings of all views, [B, V, T, D].
        class_texts: Class embeddings, L2-normalized, [C, P, D], or [B, C, P, D] where each video has its own. Several
            are several ways to speak of the same classes, whose probabilities are averaged.
        view_weights: For each of `class_texts` how much the probabilities of each view count, [B, V], summing to 1;
            None for the model's own way with several views.
    """

    frames: Tensor
    class_texts: tuple[Tensor, ...]
    view_weights: tuple[Tensor, ...] | None = None
