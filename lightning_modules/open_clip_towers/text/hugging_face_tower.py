"""A text tower of the package transformers (RoBERTa, XLM-R, mT5, NLLB's M2M100), as open_clip wraps it.

Zero-shot and learnable tokens: padding is masked, so rows are cut after their longest text. Its blocks are not ours,
and differ from model to model: methods that work inside them are refused by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TextBlockForward, TowerBlock
from zsar.lightning_modules.open_clip_towers.text.text_tower import TextTower
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


class HuggingFaceTower(TextTower):
    """An `HFTextEncoder` of open_clip."""

    shares_beginnings = False
    reads = "pooled over its tokens; padding is masked"

    def __init__(self, text: Any, architecture: str, context_length: int) -> None:  # noqa: ANN401 - open_clip's module
        """Refers to the tower.

        Args:
            text: The `HFTextEncoder`.
            architecture: The user's name of the model, for errors.
            context_length: Maximum tokens of a text.
        """
        self._text = text
        self.architecture = architecture
        self.context_length = context_length
        self.vocabulary, self.width = text.transformer.get_input_embeddings().weight.shape
        self.n_layers = int(text.config.num_hidden_layers)

    @property
    def blocks(self) -> Sequence[TowerBlock]:
        """There are none.

        Raises:
            BackboneError: Always.
        """
        raise BackboneError(
            f"the text tower of {self.architecture} is a {self._kind} of the package transformers, whose blocks cannot "
            "be run one by one; methods that work inside it (text adapters) need a model whose text tower is "
            "open_clip's own, such as ViT-B-16-quickgelu or ViT-B-16-SigLIP2"
        )

    def n_needed(self, tokens: Tensor) -> Tensor:
        """Number of leading positions that affect the embedding of each row: int64 [N, L] -> [N]."""
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return torch.where(tokens == self._text.config.pad_token_id, 0, positions).amax(dim=1) + 1

    def embed(self, tokens: Tensor) -> Tensor:
        """Token embeddings, without positions: int64 [...] -> [..., W].

        Raises:
            BackboneError: The tower takes no token embeddings.
        """
        if "inputs_embeds" not in inspect.signature(self._text.transformer.forward).parameters:
            raise BackboneError(
                f"the text tower of {self.architecture} is a {self._kind} of the package transformers, which takes "
                "tokens but no token embeddings; learnable tokens need another model, such as ViT-B-16-quickgelu"
            )
        embedded: Tensor = self._text.transformer.get_input_embeddings()(tokens)
        return embedded

    def encode(
        self, tokens: Tensor, block_forward: TextBlockForward | None = None, *, checkpointing: bool = False
    ) -> Tensor:
        """Pools texts, int64 [N, L] -> [N, W]; with `checkpointing`, the whole tower is recomputed at once."""
        if block_forward is not None:
            _ = self.blocks  # raises
        if checkpointing and torch.is_grad_enabled():
            recomputed: Tensor = checkpoint(self._pooled, tokens, input_ids=tokens, use_reentrant=False)
            return recomputed
        return self._pooled(tokens, input_ids=tokens)

    def encode_embedded(
        self,
        x: Tensor,
        tokens: Tensor,
        *,
        prefix: Tensor | None = None,
        block_forward: TextBlockForward | None = None,
    ) -> Tensor:
        """Pools texts given as token embeddings, [N, L, W] -> [N, W]; see `TextTower.encode_embedded`."""
        if block_forward is not None:
            _ = self.blocks  # raises
        if prefix is not None:
            raise BackboneError(f"the text tower of {self.architecture} is not causal; its texts cannot share a prefix")
        return self._pooled(tokens, inputs_embeds=x)

    def _pooled(
        self, tokens: Tensor, *, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None
    ) -> Tensor:
        seen = (tokens != self._text.config.pad_token_id).long()
        given = {"input_ids": input_ids} if inputs_embeds is None else {"inputs_embeds": inputs_embeds}
        pooled: Tensor = self._text.pooler(self._text.transformer(attention_mask=seen, **given), seen)
        return pooled

    def project(self, pooled: Tensor) -> Tensor:
        """Projects pooled texts, [N, W] -> [N, D]."""
        projected: Tensor = self._text.proj(pooled)
        return projected

    @property
    def projection(self) -> tuple[Tensor, Tensor | None]:
        """The last linear layer [V, D] and its bias; the identity where there is none."""
        last = self._text.proj[-1] if isinstance(self._text.proj, nn.Sequential) else self._text.proj
        if isinstance(last, nn.Linear):
            return last.weight.T, last.bias
        weight = self._text.transformer.get_input_embeddings().weight
        return torch.eye(self.width, dtype=weight.dtype, device=weight.device), None

    def before_projection(self, pooled: Tensor) -> Tensor:
        """What the last linear layer is applied to: [N, W] -> [N, V]."""
        layers = self._text.proj
        before: Tensor = layers[:-1](pooled) if isinstance(layers, nn.Sequential) else pooled
        return before

    @property
    def _kind(self) -> str:
        return type(self._text.transformer).__name__
