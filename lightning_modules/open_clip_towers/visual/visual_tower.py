"""VisualTower: a ViT of any kind in five steps: embed, blocks, pool, project; and the layout of its tokens.

`OpenClipBackbone` runs a tower by these steps when a method works inside it (T2L), when blocks are recomputed (gradient
checkpointing), when attention is observed, and for features before the projection (T3AL). Otherwise it calls the
tower's own forward. A tower refers to open_clip's modules and holds no weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, TokenLayout
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock


class VisualTower(ABC):
    """The visual tower of a model, which is a ViT.

    Attributes:
        architecture: The user's name of the model, for errors.
    """

    architecture: str

    @property
    @abstractmethod
    def blocks(self) -> Sequence[TowerBlock]:
        """The residual attention blocks, in order."""

    @property
    @abstractmethod
    def layout(self) -> TokenLayout:
        """The tokens of a frame, in their order, and how they are pooled.

        Raises:
            BackboneError: The tower pools its tokens in a way whose attention is not known.
        """

    @abstractmethod
    def embed(self, frames: Tensor) -> Tensor:
        """Tokens before the first block, with positions: normalized frames [N, 3, H, W] -> [N, L, W]."""

    @abstractmethod
    def pool(self, x: Tensor, record: AttentionRecord | None = None) -> Tensor:
        """One vector of the tokens after the last block, before the projection.

        Args:
            x: Tokens, [N, L, W].
            record: Where the attention of a pooling query is noted, if the tower pools by attention.

        Returns:
            [N, W'].
        """

    @property
    @abstractmethod
    def projection(self) -> tuple[Tensor | None, Tensor | None]:
        """The last linear map, weight [W', D] and bias [D], as views of the model's parameters.

        Without a bias this is None; both are None if what is pooled is the embedding.
        """

    def project(self, pooled: Tensor) -> Tensor:
        """Embeddings of pooled frames: [N, W'] -> [N, D], not L2-normalized."""
        weight, bias = self.projection
        if weight is None:
            return pooled
        projected = pooled @ weight
        return projected if bias is None else projected + bias
