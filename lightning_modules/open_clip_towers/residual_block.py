"""The residual attention blocks of open_clip's towers: x += MHA(LN(x)); x += MLP(LN(x)).

Runs a tower block by block, each with a `BlockForward`, and implements the two halves of a block for cases that its
`forward` does not support: attention dropout, something between the halves, or attention to tokens computed
elsewhere. Blocks are arguments and are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionKind
from zsar.lightning_modules.open_clip_towers.attention.observed_block import ObservedBlock
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError


class BlockForward(Protocol):
    """Runs one residual attention block: (layer, block, x [N, L, D], additive mask [L, L] or None) -> [N, L, D]."""

    def __call__(self, layer: int, block: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
        """Returns the tokens after the block."""
        ...


class TextBlockForward(Protocol):
    """Runs one text block, possibly after a prefix of tokens [G, L0, D] shared by each group (`attend`)."""

    def __call__(
        self, layer: int, block: nn.Module, x: Tensor, mask: Tensor | None, prefix: Tensor | None = None
    ) -> Tensor:
        """Returns the tokens x after the block, without those of the prefix."""
        ...


def plain_block(layer: int, block: nn.Module, x: Tensor, mask: Tensor | None, prefix: Tensor | None = None) -> Tensor:
    """CLIP's unmodified block."""
    if prefix is None and not isinstance(block, ObservedBlock):
        return block(x, attn_mask=mask)
    x = x + attend(block, x, mask, prefix=prefix)
    return x + feed_forward(block, x)


def run_blocks(
    blocks: Sequence[nn.Module], x: Tensor, mask: Tensor | None, block_forward: BlockForward, *, checkpointing: bool
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


def residual_blocks(transformer: nn.Module, architecture: str, tower: str) -> Sequence[nn.Module]:
    """Returns the blocks of a tower's transformer.

    Raises:
        BackboneError: The blocks are of an unsupported kind.
    """
    blocks = transformer.resblocks
    for block in blocks:  # type: ignore[union-attr]
        if not isinstance(block, ResidualAttentionBlock) or not block.attn.batch_first:
            raise BackboneError(
                f"the {tower} blocks of {architecture} are {type(block).__name__}, not open_clip's standard "
                "batch-first ResidualAttentionBlock, which this method needs"
            )
    return blocks  # type: ignore[return-value]


def attend(
    block: Any,  # noqa: ANN401 - an open_clip block
    x: Tensor,
    mask: Tensor | None,
    *,
    prefix: Tensor | None = None,
    dropout: float = 0.0,
    kind: AttentionKind = "tokens",
) -> Tensor:
    """MHA(LN1(x)), with PyTorch's fused attention, or with explicit weights in an `ObservedBlock`.

    Args:
        block: open_clip's residual attention block, batch first.
        x: Tokens, [N, L, D].
        mask: Additive attention mask [L, L], or [L, L0 + L] with a prefix; None for all ones.
        prefix: Tokens before x shared by all sequences of a group, [G, L0, D] with N a multiple of G: sequence i
            belongs to group i // (N / G). Each sequence attends to them as if they preceded x.
        dropout: Rate of attention dropout.
        kind: What attends to what, for the record of an observed block.

    Returns:
        [N, L, D].
    """
    attention = block.attn
    n_heads = attention.num_heads
    n, length, width = x.shape
    projected = functional.linear(block.ln_1(x), attention.in_proj_weight, attention.in_proj_bias)
    q, k, v = projected.view(n, length, 3, n_heads, -1).permute(2, 0, 3, 1, 4)
    if prefix is not None:
        weight, bias = attention.in_proj_weight[width:], attention.in_proj_bias[width:]
        shared = functional.linear(block.ln_1(prefix), weight, bias)
        shared = shared.view(*prefix.shape[:2], 2, n_heads, -1).permute(2, 0, 3, 1, 4)
        shared_k, shared_v = shared.repeat_interleave(n // len(prefix), dim=1)
        k, v = torch.cat([shared_k, k], dim=2), torch.cat([shared_v, v], dim=2)
    mask = None if mask is None else mask.to(q.dtype)
    if isinstance(block, ObservedBlock):
        y = block.attended(q, k, v, mask=mask, dropout=dropout, kind=kind)
    else:
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
    attended: Tensor = block.ls_1(attention.out_proj(y.transpose(1, 2).flatten(2)))
    return attended


def feed_forward(block: Any, x: Tensor) -> Tensor:  # noqa: ANN401 - an open_clip block
    """MLP(LN2(x)): [N, L, D] -> [N, L, D]."""
    changed: Tensor = block.ls_2(block.mlp(block.ln_2(x)))
    return changed
