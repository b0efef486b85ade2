"""A CLIP model of open_clip as two functions: frames -> embeddings, tokens -> embeddings.

This file and `open_clip_weights.py` beside it are the only importers of open_clip. Methods that work inside the towers
(adapters, temporal tokens) hand in a `BlockForward`, by which each residual attention block is then run; the CLIP
model itself stays as it is, without hooks or replaced layers.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

import open_clip
import torch
from open_clip.transformer import (
    ResidualAttentionBlock,
    TextTransformer,
    VisionTransformer,
    text_global_pool,
)
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lightning_modules.networks.open_clip_weights import BackboneError, build_clip
from lightning_modules.networks.token_limit import cut_at_sentence_end


class BlockForward(Protocol):
    """Runs one residual attention block: (layer, block, x [N, L, D], additive mask [L, L] or None) -> [N, L, D]."""

    def __call__(self, layer: int, block: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
        """Returns the tokens after the block."""
        ...


def plain_block(layer: int, block: nn.Module, x: Tensor, mask: Tensor | None) -> Tensor:
    """The block as CLIP has it."""
    return block(x, attn_mask=mask)


class OpenClipBackbone(nn.Module):
    """The two towers of a CLIP model.

    Attributes:
        embedding_width: D, the width of frame and text embeddings.
        image_size: Height and width of a frame in pixels.
        context_length: Most tokens that a text may have, start and end included.
    """

    clip: Any  # open_clip's models share no base class
    frame_mean: Tensor
    frame_std: Tensor

    def __init__(self, architecture: str, weights: str | None, *, gradient_checkpointing: bool = False) -> None:
        """Builds the model; see `build_clip` for the arguments.

        Args:
            architecture: Name, JSON config or hub id of the architecture.
            weights: Tag or file of the weights, "random", or None where the architecture brings them.
            gradient_checkpointing: Recompute each block in the backward pass: less memory, about a third more time.

        Raises:
            BackboneError: The model cannot be built as asked.
        """
        super().__init__()
        self.clip, self._open_clip_name = build_clip(architecture, weights)
        self.architecture = architecture
        self.gradient_checkpointing = gradient_checkpointing
        preprocessing = open_clip.get_model_preprocess_cfg(self.clip)
        for name in ("mean", "std"):
            statistics = torch.tensor(preprocessing[name], device="cpu").view(3, 1, 1)
            self.register_buffer(f"frame_{name}", statistics, persistent=False)
        size = self.clip.visual.image_size
        self.image_size: tuple[int, int] = (size, size) if isinstance(size, int) else (size[0], size[1])
        self.context_length = int(self.clip.context_length)
        self.embedding_width = int(open_clip.get_model_config(self._open_clip_name)["embed_dim"])

    @property
    def logit_scale(self) -> Tensor:
        """The factor of cosine similarities, exp of CLIP's learned parameter; a scalar."""
        return self.clip.logit_scale.exp().reshape(())

    @cached_property
    def weights_hash(self) -> str:
        """SHA-256 (first 16 hex digits) of all weights: the same model gives the same hash anywhere."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.clip.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()[:16]

    # --- frames ---------------------------------------------------------------------------------------------------

    def normalize_frames(self, frames: Tensor) -> Tensor:
        """Frames as the model was trained on them.

        Args:
            frames: uint8 [..., 3, H, W], RGB.

        Returns:
            float32 [..., 3, H, W], (x / 255 - mean) / std with the model's own statistics.

        Raises:
            ValueError: H and W are not the model's image size.
        """
        if tuple(frames.shape[-2:]) != self.image_size:
            h, w = self.image_size
            raise ValueError(
                f"frames are {frames.shape[-2]} x {frames.shape[-1]} px, but {self.architecture} takes {h} x {w} px; "
                f"set the data module's image_size to {h}"
            )
        return (frames.float() / 255 - self.frame_mean) / self.frame_std

    def encode_frames(self, frames: Tensor, block_forward: BlockForward | None = None) -> Tensor:
        """Embeds frames, all in one pass.

        Args:
            frames: Normalized, [N, 3, H, W].
            block_forward: How to run each visual block; None for CLIP's own way.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: `block_forward` is given but the visual tower has no residual attention blocks.
        """
        visual = self.clip.visual
        if block_forward is None and not self.gradient_checkpointing:
            features = self.clip.encode_image(frames)
            return features
        blocks = self.visual_blocks
        x = self._run_blocks(blocks, visual._embeds(frames), None, block_forward or plain_block)
        pooled, _ = visual._pool(x)
        return pooled if visual.proj is None else pooled @ visual.proj

    @property
    def visual_blocks(self) -> Sequence[nn.Module]:
        """The residual attention blocks of the visual tower.

        Raises:
            BackboneError: It has none.
        """
        visual = self.clip.visual
        if not isinstance(visual, VisionTransformer):
            raise BackboneError(
                f"the visual tower of {self.architecture} is a {type(visual).__name__} without open_clip's attention "
                "blocks; methods that work inside the tower (T2L), and gradient checkpointing, need a ViT such as "
                "ViT-B-16-quickgelu"
            )
        return _residual_blocks(visual.transformer, self.architecture, "visual")

    @property
    def n_visual_tokens(self) -> int:
        """Tokens of a frame in the visual tower: patches and the class token."""
        return int(self.clip.visual.positional_embedding.shape[0])

    # --- text -----------------------------------------------------------------------------------------------------

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Tokens of texts.

        A text that is too long is cut at the end of a sentence, with a warning, so that its end-of-text token, where
        CLIP reads the embedding, is kept.

        Args:
            texts: N texts.

        Returns:
            int64 [N, context length], on the CPU.

        Raises:
            ValueError: Not even the first sentence of a text fits.
        """
        fitting = [cut_at_sentence_end(text, self.context_length, self._n_tokens) for text in texts]
        cut = [text for text, kept in zip(texts, fitting, strict=True) if kept != text]
        if cut:
            warnings.warn(
                f"{len(cut)} of {len(texts)} texts were cut at the end of a sentence, because {self.architecture} "
                f"reads {self.context_length} tokens; the first of them is {cut[0]!r}",
                stacklevel=2,
            )
        return self._tokenizer(fitting)

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - open_clip's tokenizers share no base class
        return open_clip.get_tokenizer(self._open_clip_name, context_length=self.context_length)

    def _n_tokens(self, text: str) -> int:
        tokenizer = self._tokenizer
        if hasattr(tokenizer, "encode"):
            return len(tokenizer.encode(text)) + 2  # start and end
        return len(tokenizer.tokenizer(text).input_ids)

    def encode_text(self, tokens: Tensor, block_forward: BlockForward | None = None) -> Tensor:
        """Embeds texts.

        In a causal tower no token sees what comes after it, so everything behind the last end-of-text token of the
        batch is cut off before the blocks, which gives the same embeddings for a fraction of the work.

        Args:
            tokens: int64 [N, context length].
            block_forward: How to run each text block; None for CLIP's own way.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: `block_forward` is given but the text tower cannot be run block by block.
        """
        if self._text_tower is None:
            if block_forward is not None:
                raise BackboneError(
                    f"the text tower of {self.architecture} cannot be run block by block; methods that work inside "
                    "it (text adapters) need a CLIP text transformer such as that of ViT-B-16-quickgelu"
                )
            return self.clip.encode_text(tokens)
        tower = self._text_tower
        tokens = tokens[:, : self.n_needed_tokens(tokens)]
        x = tower.token_embedding(tokens) + tower.positional_embedding[: tokens.shape[1]]
        mask = None if tower.attn_mask is None else tower.attn_mask[: tokens.shape[1], : tokens.shape[1]]
        x = self._run_blocks(self.text_blocks, x, mask, block_forward or plain_block)
        pooled = text_global_pool(tower.ln_final(x), tokens, self._text_pooling, eos_token_id=self._eos_id)
        projection = tower.text_projection
        if projection is None:
            return pooled
        return projection(pooled) if isinstance(projection, nn.Linear) else pooled @ projection

    def n_needed_tokens(self, tokens: Tensor) -> int:
        """How many of the token positions of a batch can change its embeddings.

        Args:
            tokens: int64 [N, L].

        Returns:
            One past the last end-of-text token where the tower is causal and reads its embedding there; else L.
        """
        tower = self._text_tower
        if tower is None or tower.attn_mask is None or self._text_pooling not in ("argmax", "eos"):
            return tokens.shape[1]
        is_end = tokens == (tokens.amax(dim=1, keepdim=True) if self._text_pooling == "argmax" else self._eos_id)
        return int(is_end.int().argmax(dim=1).max()) + 1

    @property
    def text_blocks(self) -> Sequence[nn.Module]:
        """The residual attention blocks of the text tower.

        Raises:
            BackboneError: It has none that can be run one by one.
        """
        if self._text_tower is None:
            raise BackboneError(f"the text tower of {self.architecture} has no blocks that can be run one by one")
        return _residual_blocks(self._text_tower.transformer, self.architecture, "text")

    @property
    def _text_tower(self) -> Any:  # noqa: ANN401 - CLIP holds its text tower's parts itself, CustomTextCLIP in .text
        """The module that has token_embedding, transformer, ...; None where there is no plain transformer."""
        if isinstance(self.clip, open_clip.CLIP):
            return self.clip
        text = getattr(self.clip, "text", None)
        if isinstance(text, TextTransformer) and text.cls_emb is None and not text.use_pad_mask:
            return text
        return None

    @property
    def _text_pooling(self) -> str:
        tower = self._text_tower
        return str(tower.text_pool_type if tower is self.clip else tower.pool_type)

    @property
    def _eos_id(self) -> int:
        tower = self._text_tower
        return int(tower.text_eos_id if tower is self.clip else tower.eos_id)

    def _run_blocks(
        self, blocks: Sequence[nn.Module], x: Tensor, mask: Tensor | None, block_forward: BlockForward
    ) -> Tensor:
        run: Callable[..., Any] = block_forward
        for layer, block in enumerate(blocks):
            if self.gradient_checkpointing and torch.is_grad_enabled():
                x = checkpoint(run, layer, block, x, mask, use_reentrant=False)
            else:
                x = run(layer, block, x, mask)
        return x


def _residual_blocks(transformer: nn.Module, architecture: str, tower: str) -> Sequence[nn.Module]:
    blocks = transformer.resblocks
    for block in blocks:  # type: ignore[union-attr]
        if not isinstance(block, ResidualAttentionBlock) or not block.attn.batch_first:
            raise BackboneError(
                f"the {tower} blocks of {architecture} are {type(block).__name__}, not open_clip's standard "
                "batch-first ResidualAttentionBlock, which this method needs"
            )
    return blocks  # type: ignore[return-value]
