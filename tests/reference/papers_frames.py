"""The papers' test frames of CLIP, restated step by step: what `configs/` gave before a model said how it sees."""

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional


def papers_test_frames(frames: Tensor, *, size: int, n_crops: int, short_side: int | None) -> Tensor:
    """Resizes the short side, bicubic with antialiasing, and crops the centre or squares along the long side.

    Args:
        frames: uint8 [T, 3, H, W].
        size: S, in pixels.
        n_crops: 1 for the centre; more from end to end of the long side.
        short_side: In pixels; None for 256 / 224 of S.

    Returns:
        uint8 [n_crops, T, 3, S, S].
    """
    if tuple(frames.shape[-2:]) != (size, size):
        side = round(size * 256 / 224) if short_side is None else short_side
        frames = functional.resize(frames, [side], InterpolationMode.BICUBIC, antialias=True)
    height, width = frames.shape[-2:]
    crops = []
    for i in range(n_crops):
        along = 0.5 if n_crops == 1 else i / (n_crops - 1)
        y = round((height - size) * (along if height > width else 0.5))
        x = round((width - size) * (0.5 if height > width else along))
        crops.append(frames[..., y : y + size, x : x + size])
    return torch.stack(crops)
