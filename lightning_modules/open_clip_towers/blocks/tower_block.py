"""TowerBlock: a residual attention block of any tower, as methods see it: x += attend(x); x += feed_forward(x).

Runs a tower block by block, each with a `BlockForward`, for methods that need something between the two halves,
attention dropout, or attention to tokens computed elsewhere. A `TowerBlock` only refers to the modules of the tower,
which it never changes; it holds no weights and is made anew for each pass.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionKind, AttentionRecord
from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import attention_weights, weighted_values

Block = TypeVar("Block", bound="TowerBlock")


class TowerBlock(ABC):
    """A block of a tower.

    Attributes:
        width: D, the width of its tokens.
        n_heads: H, its attention heads.
    """

    width: int
    n_heads: int
    _record: AttentionRecord | None = None
    _layer: int = 0

    @abstractmethod
    def attend(
        self,
        x: Tensor,
        mask: Tensor | None,
        *,
        prefix: Tensor | None = None,
        dropout: float = 0.0,
        kind: AttentionKind = "tokens",
        n_frames: int | None = None,
    ) -> Tensor:
        """The attention half, without the residual connection, normalization and layer scale included.

        Args:
            x: Tokens, [N, L, D]: those of the tower in its order, then others such as a temporal token.
            mask: Additive attention mask [L, L], or [L, L0 + L] with a prefix, or [N, 1, L, L] or [N, 1, L, L0 + L] of
                each sequence; None for all ones.
            prefix: Tokens before x shared by all sequences of a group, [G, L0, D] with N a multiple of G: sequence i
                belongs to group i // (N / G). Each sequence attends to them as if they preceded x.
            dropout: Rate of attention dropout.
            kind: What attends to what. Where the tower rotates queries and keys by the place of their patch, tokens
                after those of the tower, and the tokens of "frames", have no place: they are not rotated, like a
                class token.
            n_frames: T, where the sequences are the frames of N / T clips, each of which attends to its neighbours'
                tokens, too (`frame_neighbours`); None for frames that see themselves alone.

        Returns:
            [N, L, D].
        """

    @abstractmethod
    def feed_forward(self, x: Tensor) -> Tensor:
        """The feed-forward half, without the residual connection: [N, L, D] -> [N, L, D]."""

    @abstractmethod
    def run(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """The tower's own forward: tokens [N, L, D] and an additive mask as in `attend`, or None -> [N, L, D]."""

    def __call__(self, x: Tensor, mask: Tensor | None = None, *, prefix: Tensor | None = None) -> Tensor:
        """The unmodified block; see `attend` for the arguments."""
        if prefix is None and self._record is None:
            return self.run(x, mask)
        x = x + self.attend(x, mask, prefix=prefix)
        return x + self.feed_forward(x)

    def observed(self: Block, layer: int, record: AttentionRecord) -> Block:
        """The same block, of whose attention the weights are noted.

        Args:
            layer: Its place in the tower, counted from 0.
            record: Where its attention is noted.
        """
        observed = copy.copy(self)
        observed._layer, observed._record = layer, record
        return observed

    def _attended(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        *,
        mask: Tensor | None,
        dropout: float,
        kind: AttentionKind,
        scale: float | None = None,
        n_frames: int | None = None,
    ) -> Tensor:
        """softmax(Q K^T) V, by PyTorch's fused attention, or with weights that are noted if the block is observed.

        Args:
            q: [N, H, L, d].
            k: [N, H, S, d].
            v: [N, H, S, d].
            mask: Additive attention mask [L, S]; None for all ones.
            dropout: Rate of attention dropout.
            kind: What attends to what.
            scale: Factor of the products; None for 1 / sqrt(d).
            n_frames: T, where keys and values are those of three neighbouring frames; else None.

        Returns:
            [N, H, L, d].
        """
        mask = None if mask is None else mask.to(q.dtype)
        if self._record is None:
            return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout, scale=scale)
        weights = self._record.on_graph(attention_weights(q, k, mask, scale=scale))
        self._record.add(self._layer, weights, kind if n_frames is None else "neighbours", n_frames=n_frames)
        return weighted_values(weights, v, dropout=dropout)


class BlockForward(Protocol):
    """Runs one visual block: (layer, block, x [N, L, D], additive mask [L, L] or None) -> [N, L, D]."""

    def __call__(self, layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None) -> Tensor:
        """Returns the tokens after the block."""
        ...


class TextBlockForward(Protocol):
    """Runs one text block, possibly after a prefix of tokens [G, L0, D] shared by each group (`attend`)."""

    def __call__(
        self, layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None, prefix: Tensor | None = None
    ) -> Tensor:
        """Returns the tokens x after the block, without those of the prefix."""
        ...


def plain_block(layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None, prefix: Tensor | None = None) -> Tensor:
    """The unmodified block, as a `BlockForward` and a `TextBlockForward`."""
    return block(x, mask, prefix=prefix)


def run_blocks(
    blocks: Sequence[TowerBlock], x: Tensor, mask: Tensor | None, block_forward: BlockForward, *, checkpointing: bool
) -> Tensor:
    """Runs blocks in order.

    Args:
        blocks: The blocks of a tower.
        x: Tokens, [N, L, D].
        mask: Additive attention mask [L, L]; None for all ones.
        block_forward: How to run each block.
        checkpointing: Recompute each block in the backward pass.

    Returns:
        [N, L, D].
    """
    run: Callable[..., Any] = block_forward
    for layer, block in enumerate(blocks):
        if checkpointing and torch.is_grad_enabled():
            x = checkpoint(run, layer, block, x, mask, use_reentrant=False)
        else:
            x = run(layer, block, x, mask)
    return x
