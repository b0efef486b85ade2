"""A CLIP model of open_clip as two functions: frames -> embeddings, tokens -> embeddings.

This folder is the only importer of open_clip. Methods that work inside the towers (adapters, temporal tokens) pass a
`BlockForward`, which then runs each residual attention block; the CLIP model itself is unchanged, without hooks or
replaced layers. The same holds when attention is observed (`observed_attention`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from zsar.datamodules.choices.frame_pixels import FramePixels, ResizeFilter, StatedGeometry
from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord
from zsar.lightning_modules.open_clip_towers.blocks.tower_block import (
    BlockForward,
    TextBlockForward,
    plain_block,
    run_blocks,
)
from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import shown_numbers
from zsar.lightning_modules.open_clip_towers.pixels.model_pixels import model_pixels
from zsar.lightning_modules.open_clip_towers.pixels.stated_pixels import stated_pixels
from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.open_clip_towers.visual.known_towers import known_tower
from zsar.lightning_modules.open_clip_towers.visual.visual_tower import VisualTower
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS, build_clip

FROM_FLOATS = "(frames * 255).round().byte()"
"""How floats from 0 to 1 become frames; errors say it."""


class OpenClipBackbone(nn.Module):
    """The two towers of a CLIP model.

    Attributes:
        frame_statistics: Whose mean and deviation frames are normalized with, as it was asked for.
        embedding_width: D, the width of frame and text embeddings.
        image_size: Height and width of a frame in pixels.
        pixels: How its frames are made and normalized.
        text: The tokenizer and the text tower.
    """

    clip: Any  # open_clip's models share no base class
    frame_mean: Tensor
    frame_std: Tensor

    def __init__(
        self,
        architecture: str,
        weights: str | None,
        *,
        frame_statistics: FrameStatistics = "model",
        tokenizer: str | None = None,
        frame_geometry: StatedGeometry = "model",
        gradient_checkpointing: bool = False,
    ) -> None:
        """Builds the model; see `build_clip` for the arguments.

        Args:
            architecture: Name, JSON config or hub id of the architecture.
            weights: Tag or file of the weights, "random", or None if the architecture includes them.
            frame_statistics: Mean and deviation that frames are normalized with; see `FrameStatistics`.
            frame_geometry: How frames become square: the "model"'s way, or another.
            tokenizer: Folder with the files of the tokenizer; None for the one that the architecture names.
            gradient_checkpointing: Recompute each block in the backward pass: less memory, about a third more time.

        Raises:
            BackboneError: The model cannot be built, or it is not known what its frames are normalized with.
        """
        super().__init__()
        self.clip, open_clip_name = build_clip(architecture, weights, text_folder=tokenizer)
        self.architecture = architecture
        self.gradient_checkpointing = gradient_checkpointing
        self.frame_statistics = frame_statistics
        self.pixels = model_pixels(
            stated_pixels(architecture, open_clip_name, weights),
            architecture if weights is None else f"{architecture} with the weights {weights}",
            frame_statistics=frame_statistics,
            frame_geometry=frame_geometry,
            is_random=weights == RANDOM_WEIGHTS,
        )
        for name, values in (("mean", self.pixels.statistics.mean), ("std", self.pixels.statistics.std)):
            self.register_buffer(f"frame_{name}", torch.tensor(values, device="cpu").view(3, 1, 1), persistent=False)
        size = self.clip.visual.image_size
        self.image_size: tuple[int, int] = (size, size) if isinstance(size, int) else (size[0], size[1])
        self.embedding_width = int(open_clip.get_model_config(open_clip_name)["embed_dim"])
        self.text = OpenClipText(self.clip, open_clip_name, architecture, tokenizer=tokenizer)
        self._attention: AttentionRecord | None = None  # within `observed_attention`

    @property
    def frame_pixels(self) -> FramePixels:
        """How frames are to be made for this model.

        Raises:
            BackboneError: It is not known how they become square, or that is a way that zsar does not have.
        """
        return FramePixels(self.image_size[0], self.pixels.geometry, self.pixels.resize_filter)

    @property
    def resize_filter(self) -> ResizeFilter:
        """How frames are resized, whichever way they become square."""
        return self.pixels.resize_filter

    @property
    def shown_statistics(self) -> tuple[str, str]:
        """Mean and deviation that frames are normalized with, as records state them."""
        return shown_numbers(self.frame_mean.flatten().tolist()), shown_numbers(self.frame_std.flatten().tolist())

    @property
    def logit_bias(self) -> Tensor | None:
        """What SigLIP adds to scaled similarities before the sigmoid, a scalar; None for other models."""
        bias: Tensor | None = getattr(self.clip, "logit_bias", None)
        return None if bias is None else bias.reshape(())

    @property
    def logit_scale(self) -> Tensor:
        """Scale of cosine similarities, exp of CLIP's learned parameter; a scalar."""
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
        """Normalizes frames.

        Args:
            frames: uint8 [..., 3, H, W], RGB.

        Returns:
            float32 [..., 3, H, W], (x / 255 - mean) / std with the statistics of `frame_statistics`.

        Raises:
            ValueError: The frames are not uint8 RGB, or H and W are not the model's image size.
        """
        if frames.dtype != torch.uint8 or frames.ndim < 3 or frames.shape[-3] != 3:
            raise ValueError(
                f"frames must be uint8 RGB [..., 3, H, W]; got {frames.dtype} {list(frames.shape)}. Floats from 0 to 1 "
                f"become {FROM_FLOATS}, and frames [..., H, W, 3] frames.movedim(-1, -3)"
            )
        if tuple(frames.shape[-2:]) != self.image_size:
            h, w = self.image_size
            raise ValueError(
                f"frames are {frames.shape[-2]} x {frames.shape[-1]} px, but {self.architecture} takes {h} x {w} px; "
                f"set the data module's image_size to {h}"
            )
        return (frames.float() / 255 - self.frame_mean) / self.frame_std

    def encode_frames(self, frames: Tensor, block_forward: BlockForward | None = None) -> Tensor:
        """Embeds frames in one pass.

        Args:
            frames: Normalized, [N, 3, H, W].
            block_forward: How to run each visual block; None for CLIP's default.

        Returns:
            [N, D], not L2-normalized.

        Raises:
            BackboneError: `block_forward` is given, blocks are recomputed, or attention is observed, but the visual
                tower is no ViT whose parts are all known.
        """
        record = self._attention
        if block_forward is None and not self.gradient_checkpointing and record is None:
            features: Tensor = self.clip.encode_image(frames, normalize=False)  # CoCa's default is to normalize
            return features
        tower = self.visual_tower
        blocks = tower.blocks
        if record is not None:
            record.begin()
            blocks = [block.observed(layer, record) for layer, block in enumerate(blocks)]
        x = run_blocks(
            blocks,
            tower.embed(frames),
            None,
            block_forward or plain_block,
            checkpointing=self.gradient_checkpointing and record is None,
        )
        pooled = tower.pool(x, record)
        if record is not None:
            record.finish(tower.layout)
        return tower.project(pooled)

    @contextmanager
    def observed_attention(self, *, gradient: bool = False) -> Iterator[AttentionRecord]:
        """Records the attention of the visual tower while frames are embedded, by the model or a method around it.

        Embeddings are the same up to rounding. All weights of the pass are held in memory: N x H x L x L numbers a
        layer, 22 MB a frame for all layers of ViT-B/16 in fp32; embed one view of one video at a time. Blocks are not
        recomputed (gradient checkpointing), and nothing is left changed.

        Args:
            gradient: Whether to put the weights on an autograd graph even if no parameter is trained.

        Yields:
            The record, complete after one pass.

        Raises:
            BackboneError: When frames are embedded: the tower has no attention over patches.
            RuntimeError: It is observed already, or frames are embedded twice.
        """
        if self._attention is not None:
            raise RuntimeError("the attention of this model is observed already; end that `with` first")
        self._attention = AttentionRecord(gradient=gradient)
        try:
            yield self._attention
        finally:
            self._attention = None

    @cached_property
    def visual_tower(self) -> VisualTower:
        """The visual tower, step by step; its parts are looked at once, not in each pass.

        Raises:
            BackboneError: It is no ViT that zsar can run step by step.
        """
        return known_tower(self.clip.visual, self.architecture)

    # --- text ---------------------------------------------------------------------------------------------------------

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Tokenizes texts, int64 [N, context length]; see `OpenClipText.tokenize`."""
        return self.text.tokenize(texts)

    def encode_text(self, tokens: Tensor, block_forward: TextBlockForward | None = None) -> Tensor:
        """Embeds texts, int64 [N, context length] -> [N, D], not L2-normalized; see `OpenClipText.encode`."""
        return self.text.encode(tokens, block_forward, checkpointing=self.gradient_checkpointing)

    def encode_text_tokens(self, tokens: Tensor, block_forward: TextBlockForward | None = None) -> Tensor:
        """Embeds texts and all their positions, int64 [N, L] -> [N, 1 + L, D]; see `OpenClipText.encode_tokens`."""
        return self.text.encode_tokens(tokens, block_forward, checkpointing=self.gradient_checkpointing)
