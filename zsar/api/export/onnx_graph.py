"""The part of a recognizer that is exported: from uint8 frames to logits and probabilities, for fixed classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch


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
        own = [] if model.backbone.logit_bias is None else ["own_probabilities"]
        self.output_names = ["logits", "probabilities", *own]
        self.register_buffer("class_embeddings", class_embeddings.detach().clone())

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        """Classifies videos: uint8 RGB [B, V, T, 3, S, S] -> the outputs of `output_names`, float32 [B, C] each."""
        embedded, classes = self.model.embed_views(frames), self.class_embeddings
        if self.model.scoring.scorer == "late_interaction":
            scale, bias = self.model.backbone.logit_scale.float(), self.model.backbone.logit_bias
            logits = scale * direct_late_interaction(embedded.flatten(1, 2), classes)
            own = None if bias is None else (logits + bias.float()).sigmoid()
        else:
            logits = self.model.score(embedded, classes)
            own = self.model.own_probabilities(EmbeddedBatch(embedded, (classes,)))
        return (logits, logits.softmax(dim=1), *([] if own is None else [own]))


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
