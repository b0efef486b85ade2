"""T2L's version of a tower's frozen blocks: with temporal tokens and adapters (section 3.2.1, Eq. 2 to 6).

`AdaptedVisualBlocks` and `AdaptedTextBlocks` hold the trained parameters and are passed to `OpenClipBackbone` as a
`BlockForward`. The tower's blocks are arguments and are never changed.

Departure: the authors' drop path drops token positions for the whole batch, an oversight (it acts on the first
dimension of [L, N, D] tensors); here it drops a residual branch for a whole video or text.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionKind
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock
from zsar.lightning_modules.t2l.adapters import Adapter
from zsar.lightning_modules.t2l.temporal_tokens import TemporalTokens


class AdaptedVisualBlocks(nn.Module):
    """T2L's additions to the visual tower; each part may be left out (the ablations of Tables 7 and 8)."""

    def __init__(
        self, n_layers: int, width: int, *, temporal_tokens: TemporalTokens | None, adapters: bool, drop_rate: float
    ) -> None:
        """Creates the parts of all layers; adapters start as the identity.

        Args:
            n_layers: L.
            width: D.
            temporal_tokens: The temporal tokens of the layers that have some; None for no layer.
            adapters: Whether each block has an adapter.
            drop_rate: Rate of drop path and attention dropout in the last layer, rising linearly from 0 in the first.
        """
        super().__init__()
        self.temporal_tokens = temporal_tokens
        self.adapters = nn.ModuleList(Adapter(width) for _ in range(n_layers)) if adapters else None
        self.drop_rates = _linear_in_depth(drop_rate, n_layers)

    def forward(self, layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None, *, n_frames: int) -> Tensor:
        """Runs one block.

        Args:
            layer: l, 0-based.
            block: The tower's residual attention block, frozen.
            x: Tokens of all frames, grouped by video, [B * T, N + 1, D].
            mask: Attention mask; frames have none.
            n_frames: T.

        Returns:
            [B * T, N + 1, D].
        """
        rate = self.drop_rates[layer] if self.training else 0.0
        has_token = self.temporal_tokens is not None and layer in self.temporal_tokens.layers
        if has_token:
            token = self._temporal_token(layer, block, x.unflatten(0, (-1, n_frames)), rate)
            x = torch.cat([x, token], dim=1)
        kind: AttentionKind = "tokens_and_temporal" if has_token else "tokens"
        x = x + _drop_video(block.attend(x, mask, dropout=rate, kind=kind), rate, n_frames)
        if has_token:
            x = x[:, :-1]  # temporal tokens are recomputed in each layer
        if self.adapters is not None:
            x = self.adapters[layer](x)
        return x + _drop_video(block.feed_forward(x), rate, n_frames)

    def _temporal_token(self, layer: int, block: TowerBlock, x: Tensor, rate: float) -> Tensor:
        """Eq. 2 and 3: [B, T, N + 1, D] -> [B * T, 1, D]."""
        assert self.temporal_tokens is not None
        linked = self.temporal_tokens(layer, x.mean(dim=2))
        attended = _drop_path(block.attend(linked, None, dropout=rate, kind="frames"), rate)
        return attended.flatten(0, 1).unsqueeze(1).to(x.dtype)


class AdaptedTextBlocks(nn.Module):
    """T2L's adapters in the text tower: x += MHA; x = Adapter(x); x += MLP."""

    def __init__(self, n_layers: int, width: int, *, drop_rate: float) -> None:
        """Creates an adapter for each layer.

        Args:
            n_layers: L of the text tower.
            width: D of the text tower.
            drop_rate: As in `AdaptedVisualBlocks`.
        """
        super().__init__()
        self.adapters = nn.ModuleList(Adapter(width) for _ in range(n_layers))
        self.drop_rates = _linear_in_depth(drop_rate, n_layers)

    def forward(
        self, layer: int, block: TowerBlock, x: Tensor, mask: Tensor | None, prefix: Tensor | None = None
    ) -> Tensor:
        """Runs one block: tokens [N, L, D], additive mask or None, shared tokens before them or None -> [N, L, D]."""
        rate = self.drop_rates[layer] if self.training else 0.0
        x = x + _drop_path(block.attend(x, mask, prefix=prefix, dropout=rate), rate)
        x = self.adapters[layer](x)
        return x + _drop_path(block.feed_forward(x), rate)


def _linear_in_depth(last: float, n_layers: int) -> tuple[float, ...]:
    if not 0 <= last < 1:
        raise ValueError(f"the drop rate must be at least 0 and below 1; got {last}")
    return tuple(last * layer / max(n_layers - 1, 1) for layer in range(n_layers))


def _drop_video(branch: Tensor, rate: float, n_frames: int) -> Tensor:
    """Drops a branch [B * T, ...] for all frames of a video at once: dropping single frames would look like motion."""
    if rate == 0:
        return branch
    return _drop_path(branch.unflatten(0, (-1, n_frames)), rate).flatten(0, 1)


def _drop_path(branch: Tensor, rate: float) -> Tensor:
    """Stochastic depth over the first dimension, [B, ...] -> [B, ...]; kept entries are scaled up."""
    if rate == 0:
        return branch
    keep = torch.rand(branch.shape[0], *[1] * (branch.ndim - 1), device=branch.device) >= rate
    return branch * (keep / (1 - rate)).to(branch.dtype)
