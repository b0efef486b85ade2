"""Single frames of the moving shapes with captions, rendered in memory, for pretraining the tiny CLIP.

A caption names the object, sometimes that it moves, and sometimes its place in the frame. It never names the direction
of motion, which a single frame does not show: such captions would make "left" and "right" the same word to the text
tower. Held-out frames come as multiple-choice questions, which show what a model knows, and that it does not know
directions.

A captioner also gets frames without an object, the noise and the bars of `untrimmed_shapes_rendering`, so that it can
caption them, and questions about captions. Captions are in `frame_captions`, questions in `frame_questions`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from lightning.pytorch import LightningDataModule
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from zsar.datamodules.rendering.frame_captions import (
    CaptionedShapesSettings,
    captioned_background,
    captioned_clip,
)
from zsar.datamodules.rendering.frame_questions import FrameQuestions, caption_questions, held_out_questions
from zsar.datamodules.rendering.moving_shapes_rendering import (
    all_classes,
)

CaptionedFrames = tuple[Tensor, list[str]]
"""A training batch: frames uint8 [B, 3, H, W] and their B captions."""


_FINGERPRINT_VIDEOS = 8  # all background frames would take a second


class CaptionedShapes(LightningDataModule):
    """Captioned frames for training, questions about held-out frames for testing."""

    def __init__(self, settings: CaptionedShapesSettings, *, asks_for_captions: bool = False) -> None:
        """Renders nothing yet.

        Args:
            settings: What is rendered.
            asks_for_captions: Whether to add the questions that only a captioner can answer.
        """
        super().__init__()
        self.settings = settings
        self.asks_for_captions = asks_for_captions

    def train_dataloader(self) -> DataLoader[CaptionedFrames]:
        """`n_batches` batches of `CaptionedFrames`."""
        settings = self.settings
        frames = CaptionedFrameDataset(settings)
        rows = RandomSampler(
            frames,
            replacement=True,
            num_samples=settings.n_batches * settings.batch_size,
            generator=torch.Generator().manual_seed(settings.seed),
        )
        batches = BatchSampler(rows, settings.batch_size, drop_last=True)
        return DataLoader(frames, sampler=batches, batch_size=None)

    def test_dataloader(self) -> DataLoader[FrameQuestions]:
        """The probes, one batch of `FrameQuestions` each."""
        questions = held_out_questions(self.settings)
        if self.asks_for_captions:
            questions += caption_questions(self.settings)
        return DataLoader(questions, batch_size=None)  # type: ignore[arg-type] # a list is a map-style data set

    def fingerprint(self) -> str:
        """SHA-256 (first 16 hex digits) of settings and the first rendered frames and captions.

        It changes with the rendering or the captions, in code or in settings, and is the same on any machine.
        """
        digest = hashlib.sha256(repr(sorted(self.settings.as_dict().items())).encode())
        for moving_shape in all_classes():
            frames, captions = captioned_clip(moving_shape, 0, self.settings)
            digest.update(frames.tobytes())
            digest.update("\n".join(captions).encode())
        n_videos = min(self.settings.n_background_videos, _FINGERPRINT_VIDEOS)
        for frame, caption in captioned_background("pretraining", n_videos, self.settings):
            digest.update(frame.tobytes())
            digest.update(caption.encode())
        return digest.hexdigest()[:16]


class CaptionedFrameDataset(Dataset[CaptionedFrames]):
    """All captioned frames, rendered once; an item is a batch."""

    def __init__(self, settings: CaptionedShapesSettings) -> None:
        """Renders all frames, about 2 ms per clip.

        Args:
            settings: What is rendered.
        """
        classes = all_classes()
        frames, self._captions = [], list[str]()
        for i in range(settings.n_clips):
            moving_shape = classes[i % len(classes)]
            clip, captions = captioned_clip(moving_shape, i // len(classes), settings)
            frames.append(torch.from_numpy(clip).permute(0, 3, 1, 2))
            self._captions += captions
        for frame, caption in captioned_background("pretraining", settings.n_background_videos, settings):
            frames.append(torch.from_numpy(frame).permute(2, 0, 1)[None])
            self._captions.append(caption)
        self._frames = torch.cat(frames).contiguous()

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self._captions)

    def __getitem__(self, indices: Sequence[int]) -> CaptionedFrames:
        """The frames of a batch, uint8 [B, 3, H, W], and their captions."""
        return self._frames[torch.as_tensor(indices)], [self._captions[i] for i in indices]
