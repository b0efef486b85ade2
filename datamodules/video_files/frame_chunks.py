"""Selected frames of a video in small chunks, so that each chunk is resized before the next is decoded.

Sixteen frames of 3840 x 2160 pixels take 400 MB as RGB; resized two at a time, they take 50 MB. Operations on single
frames, such as resizing, give identical results either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import torch
from torch import Tensor

# Maximum size of a chunk: 10 frames of 1080p, 2 of 4K, at least one of any size.
MOST_BYTES_TOGETHER = 64 * 2**20


class FrameSource(Protocol):
    """What frames are read from: an open video (`VideoReader`), or frames in memory (`GivenFrames`)."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""

    @property
    def n_damaged(self) -> int:
        """Number of damaged frames among those read, if they are accepted."""

    def frames_forward(self, indices: Iterable[int]) -> Iterator[Tensor]:
        """Frames at increasing indices, uint8 [3, H, W], RGB."""


def frame_chunks(reader: FrameSource, indices: Tensor) -> Iterator[Tensor]:
    """Decodes frames, from first to last.

    Args:
        reader: The open video, or frames in memory.
        indices: int64 [N], increasing, N >= 1.

    Yields:
        The next frames, uint8 [n, 3, H, W], RGB, channels last in memory, n >= 1.

    Raises:
        IndexError: An index is out of range.
        VideoDecodeError: A frame cannot be decoded, or its size differs from the first one's.
    """
    chunk: list[Tensor] = []
    for frame in reader.frames_forward(indices.tolist()):
        if chunk and (len(chunk) + 1) * frame.numel() > MOST_BYTES_TOGETHER:
            yield _stacked(chunk)
            chunk = []
        chunk.append(frame)
    yield _stacked(chunk)


def small_frames(reader: FrameSource, indices: Tensor, make_small: Callable[[Tensor], Tensor]) -> Tensor:
    """Shrinks frames chunk by chunk.

    Args:
        reader: The open video, or frames in memory.
        indices: int64 of any shape, in any order; they may repeat. Each frame is decoded and shrunk once.
        make_small: uint8 [n, 3, H, W] -> [n, ...], applied to each frame independently.

    Returns:
        [*indices.shape, ...].

    Raises:
        IndexError: An index is out of range.
        VideoDecodeError: As for `frame_chunks`.
    """
    distinct, rows = indices.unique(return_inverse=True)
    return torch.cat([make_small(chunk) for chunk in frame_chunks(reader, distinct)])[rows]


def _stacked(frames: list[Tensor]) -> Tensor:
    """[n, 3, H, W], channels last in memory, the fastest layout for resizing."""
    return torch.stack([frame.permute(1, 2, 0) for frame in frames]).permute(0, 3, 1, 2)
