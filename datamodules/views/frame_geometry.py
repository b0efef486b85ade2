"""How frames of untrimmed videos become square: squashed, or cropped.

T3AL's paper resizes frames "to a resolution of 224x224" (appendix, implementation details): the whole picture, with its
sides' ratio changed. Cropped frames keep the ratio, but of a 16:9 picture only 43 % is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torchvision.transforms import InterpolationMode

from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.views.transforms import TestTransform, check_frames, resized

RESIZE_FILTER = "bicubic"
"""The filter of both, with antialiasing."""


def square_frames(geometry: Geometry, image_size: int) -> Callable[[Tensor], Tensor]:
    """The transform of a geometry; frames that have the output's size are not resampled.

    Args:
        geometry: "squash" or "crop".
        image_size: S, height and width of the output frames, in pixels.

    Returns:
        uint8 [T, 3, H, W] -> uint8 [T, 3, S, S].

    Raises:
        ValueError: The geometry is unknown, or the size is not positive.
    """
    if geometry == "crop":
        crop = TestTransform(image_size, interpolation=RESIZE_FILTER)
        return lambda frames: crop(frames)[0]
    if geometry != "squash":
        raise ValueError(f"geometry must be squash or crop; got {geometry}")
    if image_size < 1:
        raise ValueError(f"a size in pixels must be at least 1; got {image_size}")
    return partial(_squashed, image_size)


def _squashed(image_size: int, frames: Tensor) -> Tensor:
    check_frames(frames)
    return resized(frames, [image_size, image_size], InterpolationMode(RESIZE_FILTER))
