"""The text part of open_clip's CLIP models: tokenizer (`OpenClipTokens`) and text tower (`TextTower`).

The input is texts, tokens, or token embeddings, some of them learnable. What an embedding does not depend on is cut
off before the blocks: in a causal tower what is behind the end-of-text token, elsewhere padding that is masked. Where
no token sees later ones, the common beginning of texts is computed once. The embeddings are the same at a fraction of
the cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TextBlockForward, TowerBlock
from zsar.lightning_modules.open_clip_towers.text.known_text_towers import known_text_tower
from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens
from zsar.lightning_modules.open_clip_towers.text.text_tower import TextTower
from zsar.lightning_modules.open_clip_towers.text.tokenizer_files import CONTEXT_LENGTH, saved_files, text_config


class OpenClipText(OpenClipTokens):
    """Texts -> tokens -> embeddings; holds no weights itself."""

    def __init__(
        self,
        clip: Any,  # noqa: ANN401 - open_clip's models share no base class
        name: str,
        architecture: str,
        *,
        tokenizer: str | None = None,
    ) -> None:
        """Refers to a model.

        Args:
            clip: open_clip's model, which owns the text tower.
            name: open_clip's name of its architecture.
            architecture: The user's name of it, for errors.
            tokenizer: Folder with the files of the tokenizer; None for the tokenizer that the model names.

        Raises:
            BackboneError: The text tower is of an unknown kind.
        """
        self._clip = clip
        stated = text_config(name)
        length = int(stated.get("context_length", CONTEXT_LENGTH)) if stated.get("hf_model_name") else 0
        tower = known_text_tower(clip, architecture, length or CONTEXT_LENGTH)
        super().__init__(
            name,
            architecture,
            context_length=tower.context_length,
            tokenizer=tokenizer,
            vocabulary=tower.vocabulary,
        )

    def tokenizer_files(self) -> dict[str, bytes]:
        """The files of a tokenizer of transformers, and the config of a text tower of transformers, by name.

        Returns:
            JSON files, as they are read with `tokenizer=FOLDER`; none for CLIP's own tokenizer.

        Raises:
            BackboneError: The tokenizer cannot be loaded, or has no `tokenizer.json`.
        """
        return saved_files(
            self._tokenizer, getattr(getattr(self._clip, "text", None), "config", None), self.architecture
        )

    @property
    def tower(self) -> TextTower:
        """The text tower, step by step."""
        return known_text_tower(self._clip, self.architecture, self.context_length)

    @property
    def blocks(self) -> Sequence[TowerBlock]:
        """The residual attention blocks of the text tower.

        Raises:
            BackboneError: The tower has none that can be run one by one.
        """
        return self.tower.blocks

    @property
    def width(self) -> int:
        """W, the width of the text tower."""
        return self.tower.width

    @property
    def shares_beginnings(self) -> bool:
        """Whether no token sees later ones, so that the common beginning of texts can be computed once."""
        return self.tower.shares_beginnings

    def n_needed_tokens(self, tokens: Tensor) -> int:
        """Number of leading token positions that affect the embeddings of a batch, int64 [N, L]; at most L."""
        return int(self.tower.n_needed(tokens).max())

    def encode(
        self, tokens: Tensor, block_forward: TextBlockForward | None = None, *, checkpointing: bool = False
    ) -> Tensor:
        """Embeds texts.

        Args:
            tokens: int64 [N, context length].
            block_forward: How to run each text block; None for CLIP's default.
            checkpointing: Recompute each block in the backward pass; a tower of transformers as a whole.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: `block_forward` is given but the text tower cannot be run block by block.
        """
        tower = self.tower
        return tower.project(self._pooled(tower, tokens, block_forward, checkpointing=checkpointing))

    def encode_tokens(
        self, tokens: Tensor, block_forward: TextBlockForward | None = None, *, checkpointing: bool = False
    ) -> Tensor:
        """Embeds texts and each of their positions, padding too: nothing is cut off.

        Args:
            tokens: int64 [N, L], L the context length.
            block_forward: How to run each text block; None for CLIP's default.
            checkpointing: Recompute each block in the backward pass.

        Returns:
            The embedding of each text, then those of its positions, [N, 1 + L, D], not L2-normalized.

        Raises:
            BackboneError: The text tower has no states of its positions to project.
        """
        tower = self.tower
        return tower.project(
            tower.encode_positions(
                tower.embed(tokens), tokens, block_forward=block_forward, checkpointing=checkpointing
            )
        )

    def features(self, tokens: Tensor) -> Tensor:
        """Text features before the projection, for adapting the projection; embeddings are features @ projection.

        Args:
            tokens: int64 [N, context length].

        Returns:
            [N, V], not normalized.
        """
        tower = self.tower
        return tower.before_projection(self._pooled(tower, tokens, None, checkpointing=False))

    @property
    def projection(self) -> tuple[Tensor, Tensor | None]:
        """The projection of the text tower, [V, D], and its bias, [D] or None; views of the model's parameters.

        The identity for a tower without one.
        """
        return self.tower.projection

    def embed_tokens(self, tokens: Tensor) -> Tensor:
        """The text tower's token embeddings, without positions: int64 [...] -> [..., W].

        Raises:
            BackboneError: The text tower cannot be run on token embeddings.
        """
        return self.tower.embed(tokens)

    def encode_embedded(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
    ) -> Tensor:
        """Embeds texts given as token embeddings.

        With a prefix, the common beginning of all texts of a group is computed once: no token sees later ones, so the
        result is the same as for each text alone.

        Args:
            x: Token embeddings without positions, [N, L, W]; as many as are needed (`n_needed_tokens`).
            tokens: What they are the embeddings of, int64 [N, L], or [N, L0 + L] with those of the prefix: they say
                where the text ends and what is padding. Negative numbers stand for learnable tokens.
            prefix: Token embeddings before x shared by N / G texts, [G, L0, W]; only if `shares_beginnings`.
            block_forward: How to run each text block; None for CLIP's default.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: The text tower cannot be run block by block, or texts cannot share a prefix.
        """
        tower = self.tower
        return tower.project(tower.encode_embedded(x, tokens, prefix=prefix, block_forward=block_forward))

    def encode_embedded_tokens(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
    ) -> Tensor:
        """Embeds texts given as token embeddings, and each of their positions.

        Args:
            x: Token embeddings without positions, [N, L, W], up to the end of the context.
            tokens: What they are the embeddings of, int64 [N, L], or [N, L0 + L] with those of the prefix.
            prefix: Token embeddings before x shared by N / G texts, [G, L0, W]; only if `shares_beginnings`.
            block_forward: How to run each text block; None for CLIP's default.

        Returns:
            The embedding of each text, then those of all positions, [N, 1 + L0 + L, D], not L2-normalized.

        Raises:
            BackboneError: The text tower cannot be run block by block, or texts cannot share a prefix.
        """
        tower = self.tower
        return tower.project(tower.encode_positions(x, tokens, prefix=prefix, block_forward=block_forward))

    def _pooled(
        self, tower: TextTower, tokens: Tensor, block_forward: TextBlockForward | None, *, checkpointing: bool
    ) -> Tensor:
        tokens = tokens[:, : int(tower.n_needed(tokens).max())]
        return tower.encode(tokens, block_forward, checkpointing=checkpointing)
