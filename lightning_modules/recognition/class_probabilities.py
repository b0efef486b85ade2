"""ClassProbabilities: how sure a model is of each class of a video, among the others and by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ClassProbabilities:
    """The probabilities of classes, [B, C] of several videos or [C] of one, float32.

    Attributes:
        relative: Among the given classes: they sum to 1, even if none fits. These choose.
        own: Of each class by itself, by the model's logit bias (`Scoring.own_probabilities`): all are small if none
            fits. These say whether there is any. None for models without a bias.
    """

    relative: Tensor
    own: Tensor | None = None

    def cpu(self) -> ClassProbabilities:
        """The same in the main memory."""
        return ClassProbabilities(self.relative.cpu(), None if self.own is None else self.own.cpu())

    def __iter__(self) -> Iterator[ClassProbabilities]:
        """Those of each video."""
        for row, relative in enumerate(self.relative):
            yield ClassProbabilities(relative, None if self.own is None else self.own[row])
