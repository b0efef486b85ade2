"""Relevance of tokens for a class: attention weighted by its gradient (Chefer, Gur and Wolf, ICCV 2021).

With the attention A of a block and the gradient G of a class's score in it, A_bar = mean over heads of max(G * A, 0),
and the relevance R of all tokens is updated block by block (the paper's rule for self-attention):

    R <- R + A_bar R,  R = I before the first block.

A row of R says how much each token of the first layer contributed to a token of the last one; the row of the pooled
token is taken. With average pooling it is the mean of the pooled tokens' rows, with attention pooling the row of
A_bar R with the A_bar of the pooling. What a token has of itself by the I at the start is left out: it is the same for
every video. The row is given as shares of its sum, and the sum beside it, which compares frames.

Temporal tokens (T2L) and neighbouring frames (Open-VCLIP) are treated as in `attention_rollout`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.attention.attention_rollout import (
    pooling_weights,
    taken,
    with_absorbing_temporal,
    with_temporal_column,
)
from zsar.callbacks.pictures.attention.token_shares import TokenShares, token_shares
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord


def class_relevance(record: AttentionRecord, score: Tensor) -> TokenShares:
    """Relevance of the tokens of each frame for a score.

    Args:
        record: One pass over N frames, with gradient; its graph is kept.
        score: A scalar that was computed from the embeddings of the pass, such as the logit of a class.

    Returns:
        Shares that sum to 1, or to 0 for a frame without any token of positive relevance.

    Raises:
        RuntimeError: The score does not depend on the attention, or was computed without gradient.
    """
    observed = [*record.layers, *([] if record.pool is None else [record.pool])]
    gradients = torch.autograd.grad(score, observed, retain_graph=True)
    weighted = [positive_part(a, g) for a, g in zip(observed, gradients, strict=True)]
    layout = record.tokens
    if record.pool is None:
        start = pooling_weights(record)
    else:
        start = with_temporal_column(functional.pad(weighted.pop()[:, 0], (layout.pooled_rows.start, 0)), layout)
    layers = [with_absorbing_temporal(matrix, layout, diagonal=0.0) for matrix in weighted]
    relevance = propagated(start.detach(), layers, n_frames=record.n_frames)
    if record.pool is None:
        relevance = (relevance - start).clamp(min=0)  # without the I at the start
    return token_shares(relevance, layout)


def positive_part(attention: Tensor, gradient: Tensor) -> Tensor:
    """A_bar, the mean over heads of max(G * A, 0): [N, H, L, S] twice -> [N, L, S] in fp32."""
    return (attention.detach().float() * gradient.float()).clamp(min=0).mean(dim=1)


def propagated(start: Tensor, layers: list[Tensor], *, n_frames: int | None = None) -> Tensor:
    """The row of R of the output, from the output back to the input.

    Args:
        start: What the output has of each token of the last layer, [N, L].
        layers: A_bar of each layer, [N, L, L], or [N, L, 3 L] to three frames.
        n_frames: T of the clips, for the latter.

    Returns:
        start (I + A_bar_last) ... (I + A_bar_first), [N, L].
    """
    for weights in reversed(layers):
        start = start + taken(start, weights, n_frames=n_frames)
    return start
