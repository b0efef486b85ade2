"""TextTower: the text tower of a CLIP model, as methods see it: embed, run the blocks, pool, project.

A `TextTower` only refers to the modules of the model, which it never changes; it holds no weights and is made anew for
each pass. Its tokens are rows of the whole context length, or shorter ones that end where a longer row would not change
the embedding (`n_needed`). A negative number stands for a learnable token, which is neither padding nor an end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TextBlockForward, TowerBlock
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


class TextTower(ABC):
    """The text tower of a model.

    Attributes:
        architecture: The user's name of the model.
        context_length: Maximum tokens of a text, start and end included.
        vocabulary: Number of tokens that it has embeddings of.
        width: W, the width of its tokens.
        n_layers: Number of its blocks.
        shares_beginnings: Whether no token sees later ones, so that the common beginning of texts is computed once.
        reads: Which tokens of a text the embedding depends on and where it is read, in words.
        has_states: Whether the states of all positions can be read (`encode_positions`).
    """

    architecture: str
    context_length: int
    vocabulary: int
    width: int
    n_layers: int
    shares_beginnings: bool
    reads: str
    has_states: bool = False

    @property
    @abstractmethod
    def blocks(self) -> Sequence[TowerBlock]:
        """The residual attention blocks.

        Raises:
            BackboneError: The tower has none that can be run one by one.
        """

    @abstractmethod
    def n_needed(self, tokens: Tensor) -> Tensor:
        """Number of leading positions that affect the embedding of each row: int64 [N, L] -> [N], at most L."""

    @abstractmethod
    def embed(self, tokens: Tensor) -> Tensor:
        """Token embeddings, without positions: int64 [...] -> [..., W].

        Raises:
            BackboneError: The tower cannot be run on token embeddings.
        """

    @abstractmethod
    def encode(
        self, tokens: Tensor, block_forward: TextBlockForward | None = None, *, checkpointing: bool = False
    ) -> Tensor:
        """Pools texts.

        Args:
            tokens: int64 [N, L].
            block_forward: How to run each block; None for the tower's own way.
            checkpointing: Recompute in the backward pass.

        Returns:
            [N, W], before the projection.

        Raises:
            BackboneError: `block_forward` is given, but the tower cannot be run block by block.
        """

    @abstractmethod
    def encode_embedded(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
    ) -> Tensor:
        """Pools texts given as token embeddings.

        Args:
            x: Token embeddings without positions, [N, L, W].
            tokens: What they are the embeddings of, int64 [N, L], or [N, L0 + L] with a prefix; negative for others.
            prefix: Token embeddings before x shared by N / G texts, [G, L0, W]; only if `shares_beginnings`.
            block_forward: How to run each block; None for the tower's own way.

        Returns:
            [N, W], before the projection.

        Raises:
            BackboneError: The tower cannot be run in this way.
        """

    def encode_positions(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
        checkpointing: bool = False,
    ) -> Tensor:
        """Pools texts given as token embeddings, and keeps the states of all positions after the last norm.

        Args:
            x: Token embeddings without positions, [N, L, W], up to the end of the context.
            tokens: As in `encode_embedded`.
            prefix: As in `encode_embedded`.
            block_forward: How to run each block; None for the tower's own way.
            checkpointing: Recompute each block in the backward pass.

        Returns:
            What is pooled, then the states, [N, 1 + L0 + L, W], before the projection.

        Raises:
            BackboneError: The tower has no such states.
        """
        self.check_states()
        raise NotImplementedError(f"{type(self).__name__}.encode_positions")

    def check_states(self) -> None:
        """Checks that the states of all positions can be read.

        Raises:
            BackboneError: The tower has none.
        """
        if not self.has_states:
            raise BackboneError(
                f"the text tower of {self.architecture} has no states of its tokens to read (concept_spotting); "
                "take a model with a text transformer of open_clip, such as ViT-B-16-quickgelu"
            )

    @abstractmethod
    def project(self, pooled: Tensor) -> Tensor:
        """Projects pooled texts or states, [..., W] -> [..., D]."""

    @property
    @abstractmethod
    def projection(self) -> tuple[Tensor, Tensor | None]:
        """The last projection [V, D], and its bias [D] or None; the identity where there is none."""

    @abstractmethod
    def before_projection(self, pooled: Tensor) -> Tensor:
        """What the last projection is applied to: [N, W] -> [N, V]."""
