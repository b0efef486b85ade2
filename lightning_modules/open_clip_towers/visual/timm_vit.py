"""The ViTs of timm in open_clip: `VisionTransformer` (SigLIP, MobileCLIP-B) and `Eva` (EVA, PE-Core).

They differ in what stands before the patches (class token, registers, nothing), in positions (added, rotary or both),
in pooling (class token, mean, attention of a learned query), and in what maps the pooled vector to the embedding:
timm's head, open_clip's, or nothing (SigLIP).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timm.layers import AttentionPoolLatent, Mlp
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord, Pooling, TokenLayout
from zsar.lightning_modules.open_clip_towers.attention.explicit_attention import attention_weights, weighted_values
from zsar.lightning_modules.open_clip_towers.blocks.timm_block import TimmBlock
from zsar.lightning_modules.open_clip_towers.visual.models_that_work import TAKE_A_VIT, no_known_tower
from zsar.lightning_modules.open_clip_towers.visual.timm_kinds import unknown_tower
from zsar.lightning_modules.open_clip_towers.visual.visual_tower import VisualTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

_POOLINGS: dict[str, Pooling] = {"token": "token", "avg": "average", "map": "attention"}


class TimmViT(VisualTower):
    """A ViT of timm, as open_clip's `TimmModel` holds it: a trunk, then possibly a head of open_clip's."""

    def __init__(self, visual: Any, architecture: str) -> None:  # noqa: ANN401 - towers share no base class
        """Refers to the tower, after a look at all of its parts.

        Args:
            visual: The `TimmModel`.
            architecture: The user's name of the model, for errors.

        Raises:
            BackboneError: It is no ViT, or a part of it is unknown; the message names it, and models that work.
        """
        if (kind := unknown_tower(visual)) is not None:
            raise no_known_tower(architecture, kind)
        self._visual, self._trunk, self._head = visual, visual.trunk, visual.head
        self.architecture = architecture

    @property
    def blocks(self) -> Sequence[TimmBlock]:
        """The residual attention blocks, each with its rotary positions."""
        blocks, rope = self._trunk.blocks, getattr(self._trunk, "rope", None)
        if rope is None:
            return [TimmBlock(block) for block in blocks]
        is_of_one_size = getattr(rope, "feat_shape", None) is not None and not self._trunk.dynamic_img_size
        rotation = rope.get_embed() if is_of_one_size else rope.get_embed(shape=self._grid)
        of_layers = rotation if getattr(self._trunk, "rope_mixed", False) else [rotation] * len(blocks)
        return [TimmBlock(block, of_layer) for block, of_layer in zip(blocks, of_layers, strict=True)]

    @property
    def layout(self) -> TokenLayout:
        """Class token and registers if there are any, then the patches."""
        trunk, pooler = self._trunk, self._trunk.attn_pool
        pooling = trunk.global_pool if pooler is None else "map"
        if pooling not in _POOLINGS or (pooler is not None and not _has_one_query(pooler)):
            raise BackboneError(
                f"the visual tower of {self.architecture} pools its tokens in a way whose attention zsar does not "
                f"know; {TAKE_A_VIT}"
            )
        n_class_tokens = int(trunk.cls_token is not None)
        return TokenLayout(
            n_class_tokens,
            int(trunk.num_prefix_tokens) - n_class_tokens,
            self._grid,
            _POOLINGS[pooling],
            pools_all=self._pools_prefix(pooling),
        )

    @property
    def _grid(self) -> tuple[int, int]:
        """The patches of a frame of open_clip's size; a trunk for any size was made for another where they differ."""
        patches = self._trunk.patch_embed
        of_any_size = self._trunk.dynamic_img_size
        h, w = patches.dynamic_feat_size(self._visual.image_size) if of_any_size else patches.grid_size
        return int(h), int(w)

    def _pools_prefix(self, pooling: str) -> bool:
        """Whether class token and registers are pooled too; `Eva` has no setting for it."""
        return bool(getattr(self._trunk, "pool_include_prefix", pooling == "map"))

    def embed(self, frames: Tensor) -> Tensor:
        """Tokens of the frames, with added positions; rotary ones are the blocks'."""
        trunk = self._trunk
        placed = trunk._pos_embed(trunk.patch_embed(frames))
        # Eva's are a pair, of which the second are rotary positions, and has dropped patches already.
        tokens: Tensor = trunk.norm_pre(placed[0] if isinstance(placed, tuple) else trunk.patch_drop(placed))
        return tokens

    def pool(self, x: Tensor, record: AttentionRecord | None = None) -> Tensor:
        """What the last linear map gets: the pooled tokens, normalized; with an MLP as head, its hidden layer.

        Raises:
            BackboneError: The tower does not pool its tokens to one vector.
        """
        trunk = self._trunk
        tokens = trunk.norm(x)
        if record is not None and self.layout.pooling == "attention":
            pooled: Tensor = self._observed_pool(tokens, record)
        else:
            pooled = trunk.pool(tokens)
        if pooled.ndim != 2:
            raise BackboneError(
                f"{self.architecture} pools a frame to {list(pooled.shape[1:])} numbers, not to one vector; "
                f"{TAKE_A_VIT}"
            )
        pooled = trunk.head_drop(trunk.fc_norm(pooled))
        for part in self._head:
            if isinstance(part, Mlp):
                return part.norm(part.drop1(part.act(part.fc1(pooled))))
            if isinstance(part, nn.Dropout):
                pooled = part(pooled)
        return pooled

    def _observed_pool(self, tokens: Tensor, record: AttentionRecord) -> Tensor:
        """Attention pooling by weights that are noted."""
        pooler = self._trunk.attn_pool
        if not self._pools_prefix("map"):
            tokens = tokens[:, self._trunk.num_prefix_tokens :]
        n, size = len(tokens), pooler.head_dim
        q = pooler.q(pooler.latent.expand(n, -1, -1)).unflatten(-1, (-1, size)).transpose(1, 2)
        k, v = pooler.kv(tokens).unflatten(-1, (2, -1, size)).permute(2, 0, 3, 1, 4)
        weights = record.on_graph(attention_weights(pooler.q_norm(q), pooler.k_norm(k)))
        record.pool = weights
        pooled = pooler.proj_drop(pooler.proj(weighted_values(weights, v).transpose(1, 2).flatten(2)))
        if pooler.mlp is not None:
            pooled = pooled + pooler.mlp(pooler.norm(pooled))
        first: Tensor = pooled[:, 0]
        return first

    @property
    def projection(self) -> tuple[Tensor | None, Tensor | None]:
        """The head of timm or of open_clip; of an MLP the last layer; None for both where there is none (SigLIP)."""
        last: Any = self._trunk.head
        for part in self._head:
            last = part.fc2 if isinstance(part, Mlp) else part
        return (last.weight.T, last.bias) if isinstance(last, nn.Linear) else (None, None)


def _has_one_query(pooler: nn.Module) -> bool:
    return isinstance(pooler, AttentionPoolLatent) and pooler.latent_len == 1 and pooler.pos_embed is None
