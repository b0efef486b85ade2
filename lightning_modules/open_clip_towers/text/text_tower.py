"""The text tower of a CLIP model of open_clip: which module it is, and where it reads the embedding of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import open_clip
from open_clip.transformer import TextTransformer
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.blocks.open_clip_block import open_clip_blocks
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TowerBlock
from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


class TextTower(OpenClipTokens):
    """The tokenizer of a model, and what is to be known of its text tower; it holds no weights of its own."""

    def __init__(self, clip: Any, name: str, architecture: str) -> None:  # noqa: ANN401 - they share no base class
        """Inspects a model.

        Args:
            clip: open_clip's model, which owns the tower.
            name: open_clip's name of its architecture.
            architecture: The user's name of it, for errors.
        """
        super().__init__(name, architecture, context_length=int(clip.context_length))
        self._clip = clip

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
    def blocks(self) -> Sequence[TowerBlock]:
        """Returns the residual attention blocks of the text tower.

        Raises:
            BackboneError: The tower has none that can be run one by one.
        """
        if self._tower is None:
            raise BackboneError(f"the text tower of {self.architecture} has no blocks that can be run one by one")
        return open_clip_blocks(self._tower.transformer, self.architecture, "text")

    def _class_token_tower(self, what_for: str) -> Any:  # noqa: ANN401 - as `_tower`
        """Returns CoCa's text tower."""
        text = getattr(self._clip, "text", None)
        if isinstance(text, TextTransformer) and text.cls_emb is not None:
            return text
        raise BackboneError(
            f"the text tower of {self.architecture} is a {type(text).__name__} without {what_for}; take a CLIP model "
            "such as ViT-B-16-quickgelu, or CoCa such as coca_ViT-L-14"
        )

    def _required_tower(self, what_for: str) -> Any:  # noqa: ANN401 - as `_tower`
        if self._tower is None:
            raise BackboneError(
                f"the text tower of {self.architecture} is not a plain transformer over tokens (CoCa's has a class "
                f"token, others come from Hugging Face); {what_for} need one such as that of ViT-B-16-quickgelu"
            )
        return self._tower

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
