"""FramePixels: how a model wants its frames before normalization; data modules make them so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zsar.datamodules.choices.geometry import Geometry

ResizeFilter = Literal["bilinear", "bicubic"]
"""How pixels are interpolated, with antialiasing."""

StatedGeometry = Literal["model", "crop", "squash"]
"""A geometry, or the model's."""

StatedFilter = Literal["model", "bilinear", "bicubic"]
"""A filter, or the model's."""


@dataclass(frozen=True)
class FramePixels:
    """The pixels that a model was trained with.

    Attributes:
        image_size: Height and width of a frame in pixels.
        geometry: How its pictures became square: "squash" (SigLIP, PE-Core) or "crop" (CLIP).
        resize_filter: How they were resized.
    """

    image_size: int
    geometry: Geometry
    resize_filter: ResizeFilter
