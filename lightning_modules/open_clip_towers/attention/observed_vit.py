"""The attention of open_clip's own ViT: CLIP, CoCa, and methods that run its blocks (T2L)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, Pooling, TokenLayout
from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import (
    cross_attention_weights,
    weighted_values,
)
from zsar.lightning_modules.open_clip_towers.attention.observed_block import ObservedBlock
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError


def observed_blocks(blocks: Sequence[nn.Module], record: AttentionRecord) -> list[ObservedBlock]:
    """Stand-ins of a tower's blocks that note their attention."""
    return [ObservedBlock(block, layer, record) for layer, block in enumerate(blocks)]


def observed_pool(visual: Any, x: Tensor, record: AttentionRecord, *, architecture: str) -> Tensor:  # noqa: ANN401
    """Pools the tokens of the last layer as the tower does, and completes the record.

    Args:
        visual: open_clip's VisionTransformer.
        x: Tokens after the last block, [N, L, W].
        record: The record of the blocks.
        architecture: The user's name of it, for errors.

    Returns:
        [N, W'], before the projection.

    Raises:
        BackboneError: The tower pools in a way whose attention is not known.
    """
    pooling: Pooling = "token" if visual.pool_type == "tok" else "average"
    if visual.attn_pool is None and visual.pool_type in ("tok", "avg"):
        record.finish(TokenLayout(1, 0, visual.grid_size, pooling))
        pooled: Tensor = visual._pool(x)[0]
        return pooled
    if visual.attn_pool is None or visual.attn_pool_contrastive is not None or visual.pool_type != "tok":
        raise BackboneError(
            f"the visual tower of {architecture} pools its tokens in a way whose attention zsar does not know; take a "
            "ViT such as ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
        )
    pooler = visual.attn_pool
    queries = pooler.ln_q(pooler.query).unsqueeze(0).expand(len(x), -1, -1)
    weights, values = cross_attention_weights(pooler.attn, queries[:, :1], pooler.ln_k(x))
    record.pool = weights = record.on_graph(weights)
    record.finish(TokenLayout(1, 0, visual.grid_size, "attention", pools_all=True))
    attended = pooler.attn.out_proj(weighted_values(weights, values).transpose(1, 2).flatten(2))
    first: Tensor = visual.ln_post(attended)[:, 0]  # CoCa's embedding; the other queries are for captions
    return first
