"""The attention of the pooled token: in the last block, and rolled out over all blocks (Abnar and Zuidema 2020).

Rollout takes for each block A_hat = (mean over heads of A + I) / 2, where I stands for the residual connection, and
multiplies the A_hat of all blocks: how much each token of the first layer is in each token of the last one. Rows of
A_hat sum to 1, and so do those of the product.

Temporal tokens (T2L) are made anew in each layer from all frames of the video, and are dropped after its attention.
The part that flows to one is not followed further, neither to its own frame nor to others: it is the share of the
temporal tokens, and the shares of a frame still sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.attention.token_shares import TokenShares, token_shares
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, TokenLayout


def last_block_attention(record: AttentionRecord) -> TokenShares:
    """The attention of the pooled token, mean over heads.

    Args:
        record: One pass over N frames.

    Returns:
        Shares that sum to 1.
    """
    return token_shares(with_temporal_column(record.of_pooled_token().mean(dim=1), record.tokens), record.tokens)


def rolled_out_attention(record: AttentionRecord) -> TokenShares:
    """Rollout of the pooled token's attention over all blocks.

    Args:
        record: One pass over N frames.

    Returns:
        Shares that sum to 1.
    """
    layout = record.tokens
    layers = [with_absorbing_temporal(weights.mean(dim=1), layout, diagonal=1.0) for weights in record.layers]
    return token_shares(rollout(pooling_weights(record), layers), layout)


def rollout(start: Tensor, layers: Sequence[Tensor]) -> Tensor:
    """Follows attention from the output back to the input.

    Args:
        start: How much of each token of the last layer is in the output, [N, L].
        layers: Attention of each layer, mean over heads [N, L, L], each row summing to 1.

    Returns:
        How much of each token of the first layer is in the output, [N, L], with the same sums as `start`.
    """
    for weights in reversed(layers):
        start = (start + (start[:, None] @ weights)[:, 0]) / 2
    return start


def pooling_weights(record: AttentionRecord) -> Tensor:
    """How much of each token of the last layer is in the embedding of a frame, [N, L + 1], summing to 1.

    All of the class token, equal parts of the pooled tokens, or the attention of the query that pools, mean over heads.
    """
    layout, last = record.tokens, record.layers[-1]
    if layout.pooling == "attention":
        return with_temporal_column(record.of_pooled_token().mean(dim=1), layout)
    weights = torch.zeros(len(last), layout.n_tokens + 1, dtype=last.dtype, device=last.device)
    n_pooled = len(range(layout.n_tokens)[layout.pooled_rows])
    weights[:, layout.pooled_rows] = 1 / n_pooled
    return weights


def with_temporal_column(values: Tensor, layout: TokenLayout) -> Tensor:
    """Appends a zero for the temporal token where a layer has none: [..., L'] -> [..., L + 1]."""
    return functional.pad(values, (0, layout.n_tokens + 1 - values.shape[-1]))


def with_absorbing_temporal(matrices: Tensor, layout: TokenLayout, *, diagonal: float) -> Tensor:
    """Matrices of a layer in which the temporal token passes nothing on.

    Args:
        matrices: [N, L', L'].
        layout: The tokens.
        diagonal: What the temporal token has of itself.

    Returns:
        [N, L + 1, L + 1], with a row of zeros and `diagonal` for the temporal token.
    """
    rows = with_temporal_column(matrices[:, : layout.n_tokens], layout)
    extended = functional.pad(rows, (0, 0, 0, 1))
    extended[:, -1, -1] = diagonal
    return extended
