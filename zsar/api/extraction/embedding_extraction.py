"""Frame embeddings of a trained recognizer, stored as features are: one row for each frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import ClassVar

import torch
from torch import Tensor

from zsar.api.embeddings.whole_videos import embeds_single_frames
from zsar.api.extraction.feature_extraction import CollectedFeatures, FeatureExtraction
from zsar.api.given_videos import frames_per_clip
from zsar.lightning_modules.localization.stored.feature_files import DTYPES
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_hash
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@dataclass(frozen=True, kw_only=True)
class EmbeddingExtraction(FeatureExtraction):
    """Settings of the extraction of frame embeddings; for one device, as it holds the model.

    A model that embeds each frame alone does so here. One whose frames interact (T2L, BIKE, Open-VCLIP) embeds
    consecutive clips of as many of the sampled frames as it was trained with; the last clip overlaps the one before,
    and a video with fewer frames repeats its last one.

    Attributes:
        model: The recognizer, in evaluation mode.
    """

    product: ClassVar[str] = "embeddings"

    model: ActionRecognizer = field(repr=False, compare=False)

    @cached_property
    def clip_frames(self) -> int:
        """Frames that are embedded together."""
        return 1 if embeds_single_frames(self.model) else frames_per_clip(self.model, None)

    @cached_property
    def _hash(self) -> str:
        return tower_hash(self.model)

    @property
    def frames_at_once(self) -> int:
        """Frames per forward pass: whole clips."""
        return max(1, self.batch_size // self.clip_frames) * self.clip_frames

    def check_model(self, backbone: OpenClipBackbone) -> None:
        """Nothing to check: every recognizer embeds frames."""

    def model_hash(self, backbone: OpenClipBackbone) -> str:
        """The hash of all that embeds frames."""
        return self._hash

    def collected(self, backbone: OpenClipBackbone, n_frames: int) -> CollectedFeatures:
        """Begins to collect the embeddings of a video; see `FeatureExtraction.collected`."""
        encode = partial(_embedded, self.model, clip_frames=self.clip_frames)
        width, dtype = backbone.embedding_width, DTYPES[self.dtype]
        if self.clip_frames == 1:
            return CollectedFeatures(encode, n_frames, width, dtype=dtype)
        return _CollectedClips(encode, n_frames, width, dtype=dtype, clip_frames=self.clip_frames)


@torch.inference_mode()
def _embedded(model: ActionRecognizer, frames: Tensor, *, clip_frames: int) -> Tensor:
    """Embeds frames uint8 [n * clip_frames, 3, S, S] -> [n * clip_frames, D]."""
    normalized = model.backbone.normalize_frames(frames.to(model.device))
    return model.embed_frames(normalized.unflatten(0, (-1, clip_frames))).flatten(0, 1)


class _CollectedClips(CollectedFeatures):
    """Embeddings of whole clips; frames that do not fill one wait for the next."""

    def __init__(
        self,
        encode: partial[Tensor],
        n_frames: int,
        width: int,
        *,
        dtype: torch.dtype,
        clip_frames: int,
    ) -> None:
        super().__init__(encode, n_frames, width, dtype=dtype)
        self._clip_frames = clip_frames
        self._last: Tensor | None = None  # the last frames, as many as a clip has
        self._waiting = 0

    def add(self, frames: Tensor) -> None:
        """Adds the next frames, uint8 [n, 3, S, S]."""
        waiting = frames if self._last is None else torch.cat([self._last[len(self._last) - self._waiting :], frames])
        n_whole = len(waiting) // self._clip_frames * self._clip_frames
        if n_whole:
            super().add(waiting[:n_whole])
        self._waiting = len(waiting) - n_whole
        seen = frames if self._last is None else torch.cat([self._last, frames])
        self._last = seen[-self._clip_frames :].clone()

    def finished(self) -> Tensor:
        """The embeddings of all frames, [N, D] on the CPU; call it after the last frame."""
        if self._waiting and self._last is not None:
            n_missing = self._clip_frames - len(self._last)
            clip = torch.cat([self._last, self._last[-1:].expand(n_missing, -1, -1, -1)])
            embedded = self._encode(clip)[: len(self._last)][-self._waiting :]
            self._features[self._n : self._n + self._waiting] = embedded.to(self._features.dtype).cpu()
            self._n, self._waiting = self._n + self._waiting, 0
        return self._features
