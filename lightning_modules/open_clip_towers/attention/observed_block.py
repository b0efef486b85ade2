"""ObservedBlock: an open_clip block whose attention weights are recorded by `residual_block.attend`."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionKind, AttentionRecord
from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import attention_weights, weighted_values


class ObservedBlock(nn.Module):
    """Stands for a block in one pass: it has the block's own parts, which stay as they are."""

    def __init__(self, block: Any, layer: int, record: AttentionRecord) -> None:  # noqa: ANN401 - an open_clip block
        """Takes the parts of a block.

        Args:
            block: open_clip's residual attention block.
            layer: Its place in the tower, counted from 0.
            record: Where its attention is noted.
        """
        super().__init__()
        self.ln_1, self.attn, self.ls_1 = block.ln_1, block.attn, block.ls_1
        self.ln_2, self.mlp, self.ls_2 = block.ln_2, block.mlp, block.ls_2
        self._layer = layer
        self._record = record

    def attended(
        self, q: Tensor, k: Tensor, v: Tensor, *, mask: Tensor | None, dropout: float, kind: AttentionKind
    ) -> Tensor:
        """Attention as `scaled_dot_product_attention` computes it, with its weights noted.

        Args:
            q: [N, H, L, d].
            k: [N, H, S, d].
            v: [N, H, S, d].
            mask: Additive attention mask [L, S]; None for all ones.
            dropout: Rate of attention dropout.
            kind: What attends to what.

        Returns:
            [N, H, L, d].
        """
        weights = self._record.on_graph(attention_weights(q, k, mask))
        self._record.add(self._layer, weights, kind)
        return weighted_values(weights, v, dropout=dropout)
