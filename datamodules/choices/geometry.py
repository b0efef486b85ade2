"""How frames become square: the ways by name, which `frame_geometry` computes, and the resizing before a crop."""

from __future__ import annotations

from typing import Literal

Geometry = Literal["squash", "crop"]
"""squash: both sides are resized; crop: the short side is resized to 256 / 224 of the output, and the centre is cut."""

RESIZE_RATIO = 256 / 224
"""Short side of a test frame before cropping, as a multiple of the crop's."""
