"""The text tower of open_clip: a transformer over tokens, causal or not, whose padding is seen, masked or irrelevant.

| kind | mask | read at |
|---|---|---|
| CLIP, EVA, PE, MobileCLIP-B, ViTamin | causal | the end-of-text token, the largest number of a row |
| worldwide | causal | the first token `eos_id` |
| SigLIP, CLIPA | none: padding is seen | the last position, whatever stands there |
| MobileCLIP-S | none: padding is seen | the end-of-text token |
| CoCa | causal, and of the class token over padding | a class token after the last position |

CoCa's published weights were trained with the mask of the class token one place too far to the right: it sees the
first padding token, and itself only in a text that fills the context. This is kept (`correct_cls_mask` is open_clip's
switch).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from zsar.lightning_modules.open_clip_towers.blocks.open_clip_block import open_clip_blocks
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import (
    TextBlockForward,
    TowerBlock,
    plain_block,
    run_blocks,
)
from zsar.lightning_modules.open_clip_towers.text.text_tower import TextTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

_PLACES = {
    "argmax": "at the end-of-text token",
    "eos": "at the end-of-text token",
    "first": "at the first token",
    "last": "at the last position",
}


class TransformerTower(TextTower):
    """A `TextTransformer` of open_clip, or the same within a `CLIP`."""

    has_states = True

    def __init__(self, clip: Any, architecture: str) -> None:  # noqa: ANN401 - open_clip's models share no base class
        """Refers to the tower.

        Args:
            clip: The model.
            architecture: The user's name of it, for errors.

        Raises:
            BackboneError: The tower reads no single position.
        """
        is_own = isinstance(clip, open_clip.CLIP)
        self._text = text = clip if is_own else clip.text
        self.architecture = architecture
        self.context_length = int(text.context_length)
        self.vocabulary, self.width = text.token_embedding.weight.shape
        self.n_layers = len(text.transformer.resblocks)
        self._pooling = str(text.text_pool_type if is_own else text.pool_type)
        self._end = int(text.text_eos_id if is_own else text.eos_id)
        self._padding = None if is_own or not (text.use_pad_mask or text.cls_emb is not None) else int(text.pad_id)
        if self._class_token is None and self._pooling not in _PLACES:
            raise BackboneError(
                f"the text tower of {architecture} pools by {self._pooling!r}, not by one position "
                f"({', '.join(_PLACES)}); take another model, such as ViT-B-16-quickgelu"
            )
        self.shares_beginnings = text.attn_mask is not None and (
            self._class_token is not None or self._pooling != "first"
        )

    @property
    def _class_token(self) -> Tensor | None:
        """CoCa's, as it is now: a pass may be made with other weights (`functional_call`)."""
        return getattr(self._text, "cls_emb", None)

    @property
    def reads(self) -> str:  # type: ignore[override]
        """Which tokens affect an embedding, and where it is read."""
        place = _PLACES[self._pooling] if self._class_token is None else "at a class token behind the last position"
        if self._text.attn_mask is None and self._padding is None:
            return f"{place}, and padding is seen: a text always fills the context of {self.context_length} tokens"
        return place

    @property
    def blocks(self) -> Sequence[TowerBlock]:
        """The residual attention blocks.

        Raises:
            BackboneError: They are of an unsupported kind.
        """
        return open_clip_blocks(self._text.transformer, self.architecture, "text")

    def n_needed(self, tokens: Tensor) -> Tensor:
        """Number of leading positions that affect the embedding of each row: int64 [N, L] -> [N]."""
        length = tokens.shape[1]
        if self._padding is not None and (self._class_token is not None or self._pooling != "last"):
            positions = torch.arange(length, device=tokens.device)
            last = torch.where(tokens == self._padding, 0, positions).amax(dim=1)
            return (last + (2 if self._has_shifted_mask else 1)).clamp(max=length)
        if self._text.attn_mask is not None and self._pooling in ("argmax", "eos"):
            return self._read_at(tokens) + 1
        return torch.full((len(tokens),), length, device=tokens.device)

    def embed(self, tokens: Tensor) -> Tensor:
        """Token embeddings, without positions: int64 [...] -> [..., W]."""
        embedded: Tensor = self._text.token_embedding(tokens)
        return embedded

    def encode(
        self, tokens: Tensor, block_forward: TextBlockForward | None = None, *, checkpointing: bool = False
    ) -> Tensor:
        """Pools texts, int64 [N, L] -> [N, W]; see `TextTower.encode`."""
        _, x = self._states(self.embed(tokens), tokens, None, block_forward, checkpointing=checkpointing)
        return self._pooled(x, tokens, 0)

    def encode_embedded(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
    ) -> Tensor:
        """Pools texts given as token embeddings, [N, L, W] -> [N, W]; see `TextTower.encode_embedded`."""
        _, x = self._states(x, tokens, prefix, block_forward, checkpointing=False)
        return self._pooled(x, tokens, 0 if prefix is None else prefix.shape[1])

    def encode_positions(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
        checkpointing: bool = False,
    ) -> Tensor:
        """Pools texts, and keeps the states of all positions; see `TextTower.encode_positions`."""
        before, x = self._states(x, tokens, prefix, block_forward, checkpointing=checkpointing)
        pooled = self._pooled(x, tokens, 0 if before is None else before.shape[1])
        if before is not None:
            x = torch.cat([before.repeat_interleave(len(x) // len(before), dim=0), x], dim=1)
        states = self._text.ln_final(x[:, : tokens.shape[1]])
        return torch.cat([pooled[:, None], states], dim=1)

    def _pooled(self, x: Tensor, tokens: Tensor, before: int) -> Tensor:
        """What is read of the tokens after the last block, [N, W]."""
        rows = torch.arange(len(x), device=x.device)
        read = x[:, -1] if self._class_token is not None else x[rows, self._read_at(tokens) - before]
        pooled: Tensor = self._text.ln_final(read)
        return pooled

    def _states(
        self,
        x: Tensor,
        tokens: Tensor,
        prefix: Tensor | None,
        block_forward: TextBlockForward | None,
        *,
        checkpointing: bool,
    ) -> tuple[Tensor | None, Tensor]:
        """The prefix and the tokens after the last block; a class token stands last."""
        if prefix is not None and not self.shares_beginnings:
            raise BackboneError(
                f"the text tower of {self.architecture} is not causal or reads the first token; its texts cannot "
                "share a prefix"
            )
        text, before = self._text, 0 if prefix is None else prefix.shape[1]
        x = x + text.positional_embedding[before : tokens.shape[1]]
        if self._class_token is not None:
            last = (self._class_token + text.positional_embedding[-1]).expand(len(x), 1, -1)
            x = torch.cat([x, last.to(x.dtype)], dim=1)
        mask = self._mask(tokens, before)
        if prefix is not None:
            prefix = prefix + text.positional_embedding[:before]
            return self._run_after(x, mask, prefix, block_forward or plain_block)
        if block_forward is None and not checkpointing:
            return None, text.transformer(x, attn_mask=self._of_heads(mask))
        return None, run_blocks(self.blocks, x, mask, block_forward or plain_block, checkpointing=checkpointing)

    def _run_after(
        self, x: Tensor, mask: Tensor | None, prefix: Tensor, block_forward: TextBlockForward
    ) -> tuple[Tensor, Tensor]:
        """Runs all blocks on what is before texts, [G, L0, W], and on the texts, [N, L, W]."""
        of_prefix = self._text.attn_mask[: prefix.shape[1], : prefix.shape[1]]
        for layer, block in enumerate(self.blocks):
            after = block_forward(layer, block, x, mask, prefix)
            prefix = block_forward(layer, block, prefix, of_prefix)
            x = after
        return prefix, x

    def _read_at(self, tokens: Tensor) -> Tensor:
        """The position of each row [N, L] at which its embedding is read, int64 [N]."""
        if self._pooling == "argmax":
            return tokens.argmax(dim=1)
        if self._pooling == "eos":
            return (tokens == self._end).int().argmax(dim=1)
        place = 0 if self._pooling == "first" else tokens.shape[1] - 1
        return torch.full((len(tokens),), place, device=tokens.device)

    def _mask(self, tokens: Tensor, before: int) -> Tensor | None:
        """What the tokens after `before` attend to: additive, [L, S], [N, 1, L, S] or None for everything."""
        causal, n_keys = self._text.attn_mask, tokens.shape[1] + (self._class_token is not None)
        if causal is not None:
            causal = causal[before:n_keys, :n_keys]
        if self._padding is None:
            mask: Tensor | None = causal
            return mask
        seen = tokens != self._padding
        if self._class_token is not None:
            always = seen.new_ones(len(seen), 1)
            seen = torch.cat([always, seen] if self._has_shifted_mask else [seen, always], dim=1)
        dtype = self._text.positional_embedding.dtype
        of_keys = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, -torch.inf)
        of_keys = of_keys[:, None, None].expand(-1, 1, n_keys - before, -1)
        return of_keys if causal is None else of_keys + causal

    def _of_heads(self, mask: Tensor | None) -> Tensor | None:
        """A mask as open_clip's transformer takes it: [L, L], or [N * H, L, L]."""
        if mask is None or mask.ndim == 2:
            return mask
        return mask.expand(-1, self._text.heads, -1, -1).flatten(0, 1)

    @property
    def _has_shifted_mask(self) -> bool:
        return self._class_token is not None and not self._text.correct_cls_mask

    def project(self, pooled: Tensor) -> Tensor:
        """Projects pooled texts or states, [..., W] -> [..., D]."""
        projection = self._text.text_projection
        if projection is None:
            return pooled
        return projection(pooled) if isinstance(projection, nn.Linear) else pooled @ projection

    @property
    def projection(self) -> tuple[Tensor, Tensor | None]:
        """The projection [W, D] and its bias, views of the model's parameters; the identity where there is none."""
        projection = self._text.text_projection
        if projection is None:
            weight = self._text.positional_embedding
            return torch.eye(self.width, dtype=weight.dtype, device=weight.device), None
        return (projection.weight.T, projection.bias) if isinstance(projection, nn.Linear) else (projection, None)

    def before_projection(self, pooled: Tensor) -> Tensor:
        """The pooled texts themselves."""
        return pooled
