"""The ways in which frames become square, by name; `frame_geometry` computes them."""

from __future__ import annotations

from typing import Literal

Geometry = Literal["squash", "crop"]
"""squash: both sides are resized; crop: the short side is resized to 256 / 224 of the output, and the centre is cut."""
