"""The part of a recognizer that is exported: from uint8 frames to logits and probabilities, for fixed classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


class ClassifierGraph(nn.Module):
    """Normalization, visual tower and scorer of a recognizer, with the class embeddings as a constant."""

    class_embeddings: Tensor

    def __init__(self, model: ActionRecognizer, class_embeddings: Tensor) -> None:
        """Takes what is needed of a model, which is not changed.

        Args:
            model: The recognizer, in evaluation mode.
            class_embeddings: L2-normalized [C, P, D].
        """
        super().__init__()
        self.model = model
        self.register_buffer("class_embeddings", class_embeddings.detach().clone())

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Classifies videos: uint8 RGB [B, V, T, 3, S, S] -> logits and probabilities, float32 [B, C] each."""
        embedded = self.model.embed_views(frames)
        if self.model.scoring.scorer == "late_interaction":
            scale = self.model.backbone.logit_scale.float()
            logits = scale * direct_late_interaction(embedded.flatten(1, 2), self.class_embeddings)
        else:
            logits = self.model.score(embedded, self.class_embeddings)
        return logits, logits.softmax(dim=1)


def direct_late_interaction(frames: Tensor, classes: Tensor) -> Tensor:
    """MAKA as plain tensor operations, which ONNX has; `late_interaction` is a custom operator, which it has not.

    All similarities [B, V*T, C, P] exist at once.

    Args:
        frames: Not normalized, [B, V*T, D].
        classes: L2-normalized, [C, P, D].

    Returns:
        Cosine similarities [B, C].
    """
    normalized = functional.normalize(frames.float(), dim=-1)
    similarities = torch.einsum("btd,cpd->btcp", normalized, classes.float())
    return (similarities.amax(dim=3).mean(dim=1) + similarities.amax(dim=1).mean(dim=2)) / 2
