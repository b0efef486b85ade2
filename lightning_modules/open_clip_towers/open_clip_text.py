"""The text part of open_clip's CLIP models: tokenizer (`OpenClipTokens`) and text tower.

The input is texts, tokens, or token embeddings, some of them learnable. In a causal tower that reads the embedding at
the end-of-text token, later tokens have no effect: sequences are truncated there, and the common beginning of texts is
computed once. The embeddings are the same at a fraction of the cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import open_clip
import torch
from open_clip.transformer import TextTransformer, text_global_pool
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.open_clip_tokens import OpenClipTokens
from zsar.lightning_modules.open_clip_towers.open_clip_weights import BackboneError
from zsar.lightning_modules.open_clip_towers.residual_block import (
    TextBlockForward,
    plain_block,
    residual_blocks,
    run_blocks,
)


class OpenClipText(OpenClipTokens):
    """Texts -> tokens -> embeddings; holds no weights itself."""

    def __init__(self, clip: Any, name: str, architecture: str) -> None:  # noqa: ANN401 - they share no base class
        """Inspects a model.

        Args:
            clip: open_clip's model, which owns the tower.
            name: open_clip's name of its architecture.
            architecture: The user's name of it, for errors.
        """
        super().__init__(name, architecture, context_length=int(clip.context_length))
        self._clip = clip

    def encode(
        self, tokens: Tensor, block_forward: TextBlockForward | None = None, *, checkpointing: bool = False
    ) -> Tensor:
        """Embeds texts.

        In a causal tower no token sees later ones, so everything after the last end-of-text token of the batch is cut
        off
        before the blocks: the same embeddings at a fraction of the cost.

        Args:
            tokens: int64 [N, context length].
            block_forward: How to run each text block; None for CLIP's default.
            checkpointing: Recompute each block in the backward pass.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: `block_forward` is given but the text tower cannot be run block by block.
        """
        if self._tower is None:
            if block_forward is not None:
                raise BackboneError(
                    f"the text tower of {self.architecture} cannot be run block by block; methods that work inside "
                    "it (text adapters) need a CLIP text transformer such as that of ViT-B-16-quickgelu"
                )
            return self._clip.encode_text(tokens, normalize=False)  # CoCa's default is to normalize
        return self._project(self._pooled(tokens, block_forward or plain_block, checkpointing=checkpointing))

    def _pooled(self, tokens: Tensor, block_forward: TextBlockForward, *, checkpointing: bool) -> Tensor:
        """Text features of a plain transformer before its projection: int64 [N, L] -> [N, W]."""
        tower = self._tower
        tokens = tokens[:, : self.n_needed_tokens(tokens)]
        x = tower.token_embedding(tokens) + tower.positional_embedding[: tokens.shape[1]]
        mask = None if tower.attn_mask is None else tower.attn_mask[: tokens.shape[1], : tokens.shape[1]]
        x = run_blocks(self.blocks, x, mask, block_forward, checkpointing=checkpointing)
        return text_global_pool(tower.ln_final(x), tokens, self._pooling, eos_token_id=self._eos_id)

    def features(self, tokens: Tensor) -> Tensor:
        """Text features before the projection, for adapting the projection; embeddings are features @ projection.

        CoCa's class token is last and has its own mask, so its texts are not truncated.

        Args:
            tokens: int64 [N, context length].

        Returns:
            [N, W], not normalized.

        Raises:
            BackboneError: The tower has no such features.
        """
        if self._tower is not None:
            return self._pooled(tokens, plain_block, checkpointing=False)
        text = self._class_token_tower("features before a projection")
        x, mask = text._embeds(tokens)
        features: Tensor = text.ln_final(text.transformer(x, attn_mask=mask)[:, -1])
        return features

    @property
    def projection(self) -> tuple[Tensor, Tensor | None]:
        """The projection of the text tower, [W, D], and its bias, [D] or None; views of the model's parameters.

        Raises:
            BackboneError: The tower has none.
        """
        tower = self._class_token_tower("a projection to adapt") if self._tower is None else self._tower
        projection = tower.text_projection
        if projection is None:
            raise BackboneError(
                f"the text tower of {self.architecture} has no projection to adapt; take a CLIP model "
                "such as ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
            )
        return (projection.weight.T, projection.bias) if isinstance(projection, nn.Linear) else (projection, None)

    def _class_token_tower(self, what_for: str) -> Any:  # noqa: ANN401 - as `_tower`
        """Returns CoCa's text tower."""
        text = getattr(self._clip, "text", None)
        if isinstance(text, TextTransformer) and text.cls_emb is not None:
            return text
        raise BackboneError(
            f"the text tower of {self.architecture} is a {type(text).__name__} without {what_for}; take a CLIP model "
            "such as ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
        )

    def embed_tokens(self, tokens: Tensor) -> Tensor:
        """The text tower's token embeddings, without positions: int64 [...] -> [..., W].

        Raises:
            BackboneError: The text tower cannot be run block by block.
        """
        embedded: Tensor = self._required_tower("learnable tokens").token_embedding(tokens)
        return embedded

    def encode_embedded(
        self,
        x: Tensor,
        read_at: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
    ) -> Tensor:
        """Embeds texts given as token embeddings.

        With a prefix, the common beginning of all texts of a group is computed once: no token sees later ones, so the
        result is the same as for each text alone.

        Args:
            x: Token embeddings without positions, [N, L, W].
            read_at: int64 [N], the position in x at which each text's embedding is read (`is_read_at_end`).
            prefix: Token embeddings before x shared by N / G texts, [G, L0, W]; only in a causal tower.
            block_forward: How to run each text block; None for CLIP's default.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: The text tower cannot be run block by block, or is not causal.
        """
        tower = self._required_tower("learnable tokens")
        before = 0 if prefix is None else prefix.shape[1]
        whole = before + x.shape[1]
        mask = tower.attn_mask
        if prefix is not None and mask is None:
            raise BackboneError(f"the text tower of {self.architecture} is not causal; its texts cannot share a prefix")
        x = x + tower.positional_embedding[before:whole]
        prefix = None if prefix is None else prefix + tower.positional_embedding[:before]
        run = block_forward or plain_block
        for layer, block in enumerate(self.blocks):
            after = run(layer, block, x, None if mask is None else mask[before:whole, :whole], prefix)
            if prefix is not None:
                prefix = run(layer, block, prefix, mask[:before, :before])
            x = after
        return self._project(tower.ln_final(x[torch.arange(len(x), device=x.device), read_at]))

    @property
    def is_read_at_end(self) -> bool:
        """Whether a text's embedding is read at its end-of-text token, which sees the text but no padding.

        Otherwise it may depend on every position, and is read at the last or first one.
        """
        tower = self._tower
        return tower is not None and tower.attn_mask is not None and self._pooling in ("argmax", "eos")

    def reading_position(self, end: int) -> int:
        """The position at which a text's embedding is read, if its end-of-text token is at `end`.

        Raises:
            BackboneError: The tower pools in a way without such a position.
        """
        places = {"argmax": end, "eos": end, "first": 0, "last": self.context_length - 1}
        if self._pooling not in places:
            raise BackboneError(
                f"the text tower of {self.architecture} pools by {self._pooling!r}; learnable tokens need a tower "
                f"that reads one position ({', '.join(places)})"
            )
        return places[self._pooling]

    @property
    def width(self) -> int:
        """W, the width of the text tower."""
        return int(self._required_tower("learnable tokens").token_embedding.weight.shape[1])

    def _required_tower(self, what_for: str) -> Any:  # noqa: ANN401 - as `_tower`
        if self._tower is None:
            raise BackboneError(
                f"the text tower of {self.architecture} is not a plain transformer over tokens (CoCa's has a class "
                f"token, others come from Hugging Face); {what_for} need one such as that of ViT-B-16-quickgelu"
            )
        return self._tower

    def _project(self, pooled: Tensor) -> Tensor:
        tower = self._tower
        projection = tower.text_projection
        if projection is None:
            return pooled
        return projection(pooled) if isinstance(projection, nn.Linear) else pooled @ projection

    def n_needed_tokens(self, tokens: Tensor) -> int:
        """Number of leading token positions that affect the embeddings of a batch.

        Args:
            tokens: int64 [N, L].

        Returns:
            One past the last end-of-text token if the tower is causal and reads the embedding there; otherwise L.
        """
        if not self.is_read_at_end:
            return tokens.shape[1]
        is_end = tokens == (tokens.amax(dim=1, keepdim=True) if self._pooling == "argmax" else self._eos_id)
        return int(is_end.int().argmax(dim=1).max()) + 1

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """Returns the residual attention blocks of the text tower.

        Raises:
            BackboneError: The tower has none that can be run one by one.
        """
        if self._tower is None:
            raise BackboneError(f"the text tower of {self.architecture} has no blocks that can be run one by one")
        return residual_blocks(self._tower.transformer, self.architecture, "text")

    @property
    def _tower(self) -> Any:  # noqa: ANN401 - CLIP's text tower is the model itself, CustomTextCLIP's is .text
        """The module that has token_embedding, transformer, ...; None if there is no plain transformer."""
        if isinstance(self._clip, open_clip.CLIP):
            return self._clip
        text = getattr(self._clip, "text", None)
        if isinstance(text, TextTransformer) and text.cls_emb is None and not text.use_pad_mask:
            return text
        return None

    @property
    def _pooling(self) -> str:
        tower = self._tower
        return str(tower.text_pool_type if tower is self._clip else tower.pool_type)

    @property
    def _eos_id(self) -> int:
        tower = self._tower
        return int(tower.text_eos_id if tower is self._clip else tower.eos_id)
