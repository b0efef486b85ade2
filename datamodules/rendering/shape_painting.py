"""How a shape is painted at places between pixels, and moves: what every scene of the moving shapes shares.

All is made of additions, multiplications and square roots, which IEEE 754 defines exactly (`moving_shapes_rendering`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.floating[Any]]
"""Lengths in pixels, of any float type."""

_OPAQUE = 256  # coverage is counted in 1/256
_COLOUR_JITTER = 20


def steady_motion(n_frames: int, halfway: float, travel: float) -> NDArray[np.float64]:
    """Positions of a centre that moves at one speed, growing: [T].

    Args:
        n_frames: T.
        halfway: The position in the middle of the clip, in pixels.
        travel: The whole way, in pixels.

    Raises:
        ValueError: There are fewer than 2 frames.
    """
    if n_frames < 2:
        raise ValueError(f"n_frames is {n_frames}, but motion needs at least 2 frames")
    positions: NDArray[np.float64] = halfway + travel * (np.arange(n_frames) / (n_frames - 1) - 0.5)
    return positions


def summed_coverage(signed_distance_px: Lengths) -> NDArray[np.int32]:
    """Coverage of each pixel, summed over the exposures: [T, E, H, W] -> [T, H, W], 0 to E * 256."""
    # A pixel with its centre on the edge is half covered; one pixel further out, it is not covered.
    share = np.clip(0.5 - signed_distance_px, 0, 1)
    summed: NDArray[np.int32] = np.rint(share * _OPAQUE).astype(np.int16).sum(axis=1, dtype=np.int32)
    return summed


def jittered_colour(colour: tuple[int, int, int], generator: np.random.Generator) -> NDArray[np.int32]:
    """RGB values near a colour, [3]."""
    return (np.array(colour) + generator.integers(-_COLOUR_JITTER, _COLOUR_JITTER + 1, 3)).astype(np.int32)


def blend(
    coverage: NDArray[np.int32], colour: NDArray[np.int32], background: NDArray[np.int32], *, n_exposures: int
) -> NDArray[np.int32]:
    """Colour [3] over background [H, W, 3] by coverage [T, H, W] summed over exposures; [T, H, W, 3]."""
    opaque = n_exposures * _OPAQUE
    blended: NDArray[np.int32] = background + (coverage[..., None] * (colour - background) + opaque // 2) // opaque
    return blended


def _circle(dx: Lengths, dy: Lengths, radius: float) -> Lengths:
    return np.sqrt(dx * dx + dy * dy) - radius


def _square(dx: Lengths, dy: Lengths, radius: float) -> Lengths:
    return np.maximum(np.abs(dx), np.abs(dy)) - 1.1 * radius


def _triangle(dx: Lengths, dy: Lengths, radius: float) -> Lengths:
    return np.maximum(dy, 0.8660254 * np.abs(dx) - 0.5 * dy) - 0.7 * radius


def _cross(dx: Lengths, dy: Lengths, radius: float) -> Lengths:
    x, y = np.abs(dx), np.abs(dy)
    arm, half_width = 1.1 * radius, 0.25 * radius
    return np.minimum(np.maximum(x - arm, y - half_width), np.maximum(x - half_width, y - arm))


SIGNED_DISTANCES: dict[str, Callable[[Lengths, Lengths, float], Lengths]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
}
"""Distance of (dx, dy) from the edge of a shape of a radius around (0, 0), in pixels; negative inside."""
