"""open_clip's own ViT: the visual tower of CLIP and CoCa."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, Pooling, TokenLayout
from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import (
    cross_attention_weights,
    weighted_values,
)
from zsar.lightning_modules.open_clip_towers.blocks.open_clip_block import OpenClipBlock, open_clip_blocks
from zsar.lightning_modules.open_clip_towers.visual.models_that_work import TAKE_A_VIT
from zsar.lightning_modules.open_clip_towers.visual.visual_tower import VisualTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


class OpenClipViT(VisualTower):
    """A `VisionTransformer` of open_clip."""

    def __init__(self, visual: Any, architecture: str) -> None:  # noqa: ANN401 - towers share no base class
        """Refers to the tower.

        Args:
            visual: The `VisionTransformer`.
            architecture: The user's name of the model, for errors.
        """
        self._visual = visual
        self.architecture = architecture

    @property
    def blocks(self) -> Sequence[OpenClipBlock]:
        """The residual attention blocks.

        Raises:
            BackboneError: They are of an unsupported kind.
        """
        return open_clip_blocks(self._visual.transformer, self.architecture, "visual")

    @property
    def layout(self) -> TokenLayout:
        """A class token, then the patches; CoCa pools by the first query of its attention pooler."""
        visual = self._visual
        pooling: Pooling = "token" if visual.pool_type == "tok" else "average"
        if visual.attn_pool is None and visual.pool_type in ("tok", "avg"):
            return TokenLayout(1, 0, visual.grid_size, pooling)
        if visual.attn_pool is None or visual.attn_pool_contrastive is not None or visual.pool_type != "tok":
            raise BackboneError(
                f"the visual tower of {self.architecture} pools its tokens in a way whose attention zsar does not "
                f"know; {TAKE_A_VIT}"
            )
        return TokenLayout(1, 0, visual.grid_size, "attention", pools_all=True)

    def embed(self, frames: Tensor) -> Tensor:
        """Class token and patches, with positions, after the layer norm before the blocks."""
        tokens: Tensor = self._visual._embeds(frames)
        return tokens

    def pool(self, x: Tensor, record: AttentionRecord | None = None) -> Tensor:
        """The class token after the last layer norm, or what the tower's pooling makes.

        Raises:
            BackboneError: The tower pools a frame to several tokens.
        """
        if record is not None and self.layout.pooling == "attention":
            return self._observed_pool(x, record)
        pooled: Tensor = self._visual._pool(x)[0]
        if pooled.ndim != 2:
            raise BackboneError(
                f"{self.architecture} pools a frame to {list(pooled.shape[1:])} numbers, not to one vector; "
                f"{TAKE_A_VIT}"
            )
        return pooled

    def _observed_pool(self, x: Tensor, record: AttentionRecord) -> Tensor:
        pooler = self._visual.attn_pool
        queries = pooler.ln_q(pooler.query).unsqueeze(0).expand(len(x), -1, -1)
        weights, values = cross_attention_weights(pooler.attn, queries[:, :1], pooler.ln_k(x))
        record.pool = weights = record.on_graph(weights)
        attended = pooler.attn.out_proj(weighted_values(weights, values).transpose(1, 2).flatten(2))
        first: Tensor = self._visual.ln_post(attended)[:, 0]  # CoCa's embedding; the other queries are for captions
        return first

    @property
    def projection(self) -> tuple[Tensor | None, Tensor | None]:
        """The parameter `proj`, which has no bias."""
        return self._visual.proj, None
