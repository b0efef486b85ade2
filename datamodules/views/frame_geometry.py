"""How frames of untrimmed videos become square: squashed, or cropped.

T3AL's paper resizes frames "to a resolution of 224x224" (appendix, implementation details): the whole picture, with its
sides' ratio changed. Cropped frames keep the ratio, but of a 16:9 picture only 43 % is seen.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from zsar.datamodules.choices.frame_pixels import ResizeFilter
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.views.transforms import TestTransform

RESIZE_FILTER: ResizeFilter = "bicubic"
"""The filter of both unless another is asked for, with antialiasing."""


def square_frames(
    geometry: Geometry, image_size: int, *, resize_filter: ResizeFilter = RESIZE_FILTER
) -> Callable[[Tensor], Tensor]:
    """The transform of a geometry; frames that have the output's size are not resampled.

    Args:
        geometry: "squash" or "crop".
        image_size: S, height and width of the output frames, in pixels.
        resize_filter: How they are resized, with antialiasing.

    Returns:
        uint8 [T, 3, H, W] -> uint8 [T, 3, S, S].

    Raises:
        ValueError: The geometry is unknown, or the size is not positive.
    """
    transform = TestTransform(image_size, interpolation=resize_filter, geometry=geometry)
    return lambda frames: transform(frames)[0]
