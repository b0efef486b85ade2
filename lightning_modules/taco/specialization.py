"""The specialization projection: a linear residual map of video embeddings that takes up what is of the training set.

    u = p + W_B (W_A p + b_A) + b_B,    W_A [2 D, D], W_B [D, 2 D]

There is no activation in between. W_A and b_A begin as torch initializes a linear layer, W_B and b_B are zero, so that
u = p before training. It is applied to every frame, as in the authors' code; of the mean frame it is the same.
"""

from __future__ import annotations

from torch import Tensor, nn


class Specialization(nn.Module):
    """The map."""

    def __init__(self, width: int) -> None:
        """Builds it, so that it changes nothing yet.

        Args:
            width: D.
        """
        super().__init__()
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Maps embeddings, [..., D] -> [..., D]."""
        mapped: Tensor = embeddings + self.narrow(self.widen(embeddings))
        return mapped
