"""The residual attention blocks of timm's ViTs: with layer norms before (ViT, EVA) or after (EVA-02 E) each half.

`Block` is that of SigLIP and MobileCLIP, with layer scale as a module; `EvaBlock` and `EvaBlockPostNorm` are those of
EVA and PE-Core, with layer scale as a parameter and rotary positions, which the tower hands to each block.
"""

from __future__ import annotations

from typing import Any

import torch
from timm.models.eva import EvaBlock, EvaBlockPostNorm
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionKind
from zsar.lightning_modules.open_clip_towers.blocks.frame_neighbours import with_neighbours
from zsar.lightning_modules.open_clip_towers.blocks.timm_attention import (
    finished,
    projected,
    rotated,
    unknown_attention,
    unknown_part,
)
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock

_HALVES = {"norm1", "attn", "drop_path1", "norm2", "mlp", "drop_path2"}
_PARTS = {Block: {"ls1", "ls2"}, EvaBlock: {"gamma_1", "gamma_2"}, EvaBlockPostNorm: set[str]()}


class TimmBlock(TowerBlock):
    """A `Block`, `EvaBlock` or `EvaBlockPostNorm`."""

    def __init__(self, block: Any, rotation: Tensor | None = None) -> None:  # noqa: ANN401 - they share no base class
        """Refers to the block.

        Args:
            block: One that `unknown_block` knows.
            rotation: The rotary positions of this block, timm's sines and cosines of the P patches, [P, 2 d] or
                [H, P, 2 d]; None for a tower without.
        """
        self._block = block
        self._rotation = rotation
        self.width = block.attn.proj.out_features
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
        """The attention half; a dropout of the module's own is added to `dropout` in training."""
        attention = self._block.attn
        q, k, v = projected(attention, self._before(x))
        if self._rotation is not None and kind != "frames":
            q, k = (rotated(attention, tokens, self._rotation).type_as(v) for tokens in (q, k))
        if prefix is not None:
            _, shared_k, shared_v = projected(attention, self._before(prefix))
            sharing = len(x) // len(prefix)
            k = torch.cat([shared_k.repeat_interleave(sharing, dim=0), k], dim=2)
            v = torch.cat([shared_v.repeat_interleave(sharing, dim=0), v], dim=2)
        if n_frames is not None:
            k, v = with_neighbours(k, n_frames), with_neighbours(v, n_frames)
        if attention.training and attention.attn_drop.p > 0:
            dropout = 1 - (1 - dropout) * (1 - attention.attn_drop.p)
        heads = self._attended(q, k, v, mask=mask, dropout=dropout, kind=kind, n_frames=n_frames)
        return self._after(finished(attention, heads), "1")

    def feed_forward(self, x: Tensor) -> Tensor:
        """The feed-forward half."""
        block = self._block
        return self._after(block.mlp(x if isinstance(block, EvaBlockPostNorm) else block.norm2(x)), "2")

    def run(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Timm's own forward."""
        rotation = {} if isinstance(self._block, Block) else {"rope": self._rotation}
        out: Tensor = self._block(x, attn_mask=mask, **rotation)
        return out

    def _before(self, x: Tensor) -> Tensor:
        """What attention gets of tokens [N, L, D]."""
        normalized: Tensor = x if isinstance(self._block, EvaBlockPostNorm) else self._block.norm1(x)
        return normalized

    def _after(self, branch: Tensor, half: str) -> Tensor:
        """Layer scale or norm, and stochastic depth (in training), of the half "1" or "2"."""
        block = self._block
        if isinstance(block, EvaBlockPostNorm):
            branch = getattr(block, f"norm{half}")(branch)
        elif isinstance(block, Block):
            branch = getattr(block, f"ls{half}")(branch)
        elif (gamma := getattr(block, f"gamma_{half}")) is not None:
            branch = gamma * branch
        dropped: Tensor = getattr(block, f"drop_path{half}")(branch)
        return dropped


def unknown_block(block: nn.Module) -> str | None:
    """What of a block is unknown, in a few words; None if `TimmBlock` can run it."""
    kind = type(block).__name__
    if type(block) not in _PARTS:
        return f"blocks of kind {kind}"
    part = unknown_part(block, _HALVES | _PARTS[type(block)])
    attention: Any = block.attn
    return unknown_attention(attention) if part is None else f"a part {part!r} in its {kind}"
