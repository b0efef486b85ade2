"""The residual attention blocks of open_clip's own transformers: x += MHA(LN(x)); x += MLP(LN(x))."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from open_clip.transformer import ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionKind
from zsar.lightning_modules.open_clip_towers.blocks.frame_neighbours import with_neighbours
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


class OpenClipBlock(TowerBlock):
    """A `ResidualAttentionBlock`, batch first."""

    def __init__(self, block: Any) -> None:  # noqa: ANN401 - an open_clip block
        """Refers to the block."""
        self._block = block
        self.width = block.attn.embed_dim
        self.n_heads = block.attn.num_heads

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
        """MHA(LN1(x)); there are no rotary positions."""
        block, attention = self._block, self._block.attn
        n, length, width = x.shape
        projected = functional.linear(block.ln_1(x), attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = projected.view(n, length, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        if prefix is not None:
            weight, bias = attention.in_proj_weight[width:], attention.in_proj_bias[width:]
            shared = functional.linear(block.ln_1(prefix), weight, bias)
            shared = shared.view(*prefix.shape[:2], 2, self.n_heads, -1).permute(2, 0, 3, 1, 4)
            shared_k, shared_v = shared.repeat_interleave(n // len(prefix), dim=1)
            k, v = torch.cat([shared_k, k], dim=2), torch.cat([shared_v, v], dim=2)
        if n_frames is not None:
            k, v = with_neighbours(k, n_frames), with_neighbours(v, n_frames)
        y = self._attended(q, k, v, mask=mask, dropout=dropout, kind=kind, n_frames=n_frames)
        attended: Tensor = block.ls_1(attention.out_proj(y.transpose(1, 2).flatten(2)))
        return attended

    def feed_forward(self, x: Tensor) -> Tensor:
        """MLP(LN2(x))."""
        block = self._block
        changed: Tensor = block.ls_2(block.mlp(block.ln_2(x)))
        return changed

    def run(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """open_clip's own forward."""
        if mask is not None and mask.ndim == 4:  # of each sequence; PyTorch's module wants it for each head
            mask = mask.expand(-1, self.n_heads, -1, -1).flatten(0, 1)
        out: Tensor = self._block(x, attn_mask=mask)
        return out


def open_clip_blocks(transformer: nn.Module, architecture: str, tower: str) -> Sequence[OpenClipBlock]:
    """The blocks of a transformer of open_clip.

    Args:
        transformer: What has `resblocks`.
        architecture: The user's name of the model, for errors.
        tower: "visual" or "text", for errors.

    Raises:
        BackboneError: The blocks are of an unsupported kind.
    """
    blocks: Any = transformer.resblocks
    for block in blocks:
        if not isinstance(block, ResidualAttentionBlock) or not block.attn.batch_first:
            raise BackboneError(
                f"the {tower} blocks of {architecture} are {type(block).__name__}, not open_clip's standard "
                "batch-first ResidualAttentionBlock, which this method needs"
            )
    return [OpenClipBlock(block) for block in blocks]
