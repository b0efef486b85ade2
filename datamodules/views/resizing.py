"""Frames resized, and what frames and sizes are."""

from __future__ import annotations

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional


def resized(frames: Tensor, size: list[int], interpolation: InterpolationMode) -> Tensor:
    """Frames resized with antialiasing.

    Args:
        frames: uint8 [T, 3, H, W].
        size: Height and width in pixels, or the short side only. Frames of this size are returned unchanged.
        interpolation: Interpolation method.

    Returns:
        uint8 [T, 3, h, w].
    """
    scaled: Tensor = functional.resize(frames, size, interpolation, antialias=True)
    return scaled


def positive(size_px: int) -> int:
    """A size in pixels, which is refused below 1."""
    if size_px < 1:
        raise ValueError(f"a size in pixels must be at least 1; got {size_px}")
    return size_px


def check_frames(frames: Tensor) -> None:
    """Checks the layout of frames.

    Raises:
        ValueError: They are not uint8 [T, 3, H, W].
    """
    if frames.ndim != 4 or frames.shape[1] != 3 or frames.dtype != torch.uint8:
        raise ValueError(f"frames must be uint8 [T, 3, H, W]; got {frames.dtype} {list(frames.shape)}")
