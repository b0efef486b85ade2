"""Rows of class text for scorers that read all tokens of a prompt: its embedding, then those of all its positions.

A row is one vector per prompt, [(1 + L) * D] with L the context length, so that class text is [C, P, D'] for every
scorer: D' is D, or (1 + L) * D where tokens are read. Whoever needs the embedding of a prompt takes `end_embeddings`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def token_rows(embedded: Tensor) -> Tensor:
    """Joins the embeddings of a prompt to one row, each L2-normalized.

    Args:
        embedded: The embedding of each prompt, then those of its positions, [..., 1 + L, D], not normalized.

    Returns:
        [..., (1 + L) * D], at least fp32.
    """
    at_least = embedded.to(torch.promote_types(embedded.dtype, torch.float32))
    return functional.normalize(at_least, dim=-1).flatten(-2)


def end_embeddings(rows: Tensor, width: int) -> Tensor:
    """The embeddings of prompts, with or without those of their positions behind them.

    Args:
        rows: [..., D] or [..., (1 + L) * D].
        width: D.

    Returns:
        [..., D].
    """
    return rows[..., :width]


def token_embeddings(rows: Tensor, width: int) -> Tensor:
    """The embeddings of all positions of prompts.

    Args:
        rows: [..., (1 + L) * D].
        width: D.

    Returns:
        [..., L, D].
    """
    return rows[..., width:].unflatten(-1, (-1, width))
