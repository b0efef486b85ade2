"""The attention of the pooled token: in the last block, and rolled out over all blocks (Abnar and Zuidema 2020).

Rollout takes for each block A_hat = (mean over heads of A + I) / 2, where I stands for the residual connection, and
multiplies the A_hat of all blocks: how much each token of the first layer is in each token of the last one. Rows of
A_hat sum to 1, and so do those of the product.

Temporal tokens (T2L) are made anew in each layer from all frames of the video, and are dropped after its attention.
The part that flows to one is not followed further, neither to its own frame nor to others: it is the share of the
temporal tokens, and the shares of a frame still sum to 1.

Where frames attend to their neighbours (Open-VCLIP), a part of what the embedding of a frame is made of lies in others.
It is shown in the frame in which it lies: the map of a frame is what the embeddings of all frames of the clip take from
its tokens, and its total is how much that is, about 1. The blocks of frames stay apart (a frame takes from three), so
that memory is that of one clip's attention. What goes to the zeros beyond the ends of a clip is in no map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.attention.token_shares import TokenShares, token_shares
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, TokenLayout
from zsar.lightning_modules.open_clip_towers.blocks.frame_neighbours import given_to_frames


def last_block_attention(record: AttentionRecord) -> TokenShares:
    """The attention of the pooled token, mean over heads.

    Args:
        record: One pass over N frames.

    Returns:
        Shares that sum to 1.
    """
    attention = record.of_pooled_token().mean(dim=1)
    if record.n_frames is not None and attention.shape[-1] == 3 * record.tokens.n_tokens:
        attention = given_to_frames(attention, record.n_frames)
    return token_shares(with_temporal_column(attention, record.tokens), record.tokens)


def rolled_out_attention(record: AttentionRecord) -> TokenShares:
    """Rollout of the pooled token's attention over all blocks.

    Args:
        record: One pass over N frames.

    Returns:
        Shares that sum to 1.
    """
    layout = record.tokens
    layers = [with_absorbing_temporal(weights.mean(dim=1), layout, diagonal=1.0) for weights in record.layers]
    return token_shares(rollout(pooling_weights(record), layers, n_frames=record.n_frames), layout)


def rollout(start: Tensor, layers: Sequence[Tensor], *, n_frames: int | None = None) -> Tensor:
    """Follows attention from the output back to the input.

    Args:
        start: How much of each token of the last layer is in the output, [N, L].
        layers: Attention of each layer, mean over heads [N, L, L], each row summing to 1; or [N, L, 3 L] to the tokens
            of the frame before, its own and the one after.
        n_frames: T of the clips, where frames attend to their neighbours.

    Returns:
        How much of each token of the first layer is in the output, [N, L], with the same sums as `start`; with
        neighbours in the output of all frames of a clip.
    """
    for weights in reversed(layers):
        start = (start + taken(start, weights, n_frames=n_frames)) / 2
    return start


def taken(of_tokens: Tensor, weights: Tensor, *, n_frames: int | None) -> Tensor:
    """How much tokens take from those that they attend to.

    Args:
        of_tokens: How much of each token counts, [N, L].
        weights: Of a layer, [N, L, L], or [N, L, 3 L] to three frames.
        n_frames: T of the clips, for the latter.

    Returns:
        [N, L].
    """
    amounts = (of_tokens[:, None] @ weights)[:, 0]
    if amounts.shape[-1] == of_tokens.shape[-1]:
        return amounts
    assert n_frames is not None
    return given_to_frames(amounts, n_frames)


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
        matrices: [N, L', L'], or [N, L, 3 L] to three frames.
        layout: The tokens.
        diagonal: What the temporal token has of itself.

    Returns:
        [N, L + 1, L + 1], with a row of zeros and `diagonal` for the temporal token; or [N, L + 1, 3 (L + 1)].
    """
    n_attended = matrices.shape[-1] // matrices.shape[-2]  # frames: 1 or 3
    of_frames = matrices[:, : layout.n_tokens].unflatten(-1, (n_attended, -1))
    extended = functional.pad(with_temporal_column(of_frames, layout), (0, 0, 0, 0, 0, 1))
    extended[:, -1, n_attended // 2, -1] = diagonal
    return extended.flatten(-2)
