"""Moving shapes in clutter: a shape moves, sharp in each frame, among static blocks and noise.

Classes, random numbers and the order of frames are those of `moving_shapes_rendering`: a clip is rendered moving to the
right or to the bottom, and played backwards for the opposite direction. Shapes are as large as there, since the tiny
CLIP knows no others, and move as far: 12 to 19 px of 32, where a patch has 8. Grey blocks and grains of noise fill the
rest and stay as they are, so that most pixels are the same in successive frames. No blur shows the axis of the motion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.rendering.moving_shapes_rendering import (
    COLOURS,
    Colours,
    MovingShape,
    RenderedClip,
    clip_of,
)
from zsar.datamodules.rendering.shape_painting import (
    SIGNED_DISTANCES,
    blend,
    jittered_colour,
    steady_motion,
    summed_coverage,
)

# All lengths are fractions of the frame's size.
_RADIUS = (0.185, 0.215)
_TRAVEL = (0.38, 0.60)
_CENTRE_JITTER = 0.20  # along and across
_BLOCK = (0.10, 0.35)  # width and height

_N_BLOCKS = 4
_GREYS = (40, 200)
_BACKGROUND = (60, 120)
_NOISE = 8


def render_cluttered_clip(
    moving_shape: MovingShape,
    generator: np.random.Generator,
    *,
    n_frames: int = 24,
    size_px: int = 32,
    colours: Colours = COLOURS,
) -> RenderedClip:
    """Renders a clip.

    Args:
        moving_shape: The class to show.
        generator: Source of all variation, from `clip_generator`.
        n_frames: T, at least 2.
        size_px: H and W.
        colours: RGB values of each of `COLOURS`.

    Returns:
        The frames and the shape's centres.

    Raises:
        ValueError: There are fewer than 2 frames.
    """
    radius, travel = generator.uniform(*_RADIUS) * size_px, generator.uniform(*_TRAVEL) * size_px
    across, halfway = (size_px - 1) / 2 + generator.uniform(-1, 1, 2) * _CENTRE_JITTER * size_px
    along = steady_motion(n_frames, halfway, travel)
    place = np.arange(size_px)
    moving, still = place - along[:, None], place - across  # [T, size], [size]
    if moving_shape.is_horizontal:
        dx, dy = moving[:, None, :], still[None, :, None]
    else:
        dx, dy = still[None, None, :], moving[:, :, None]
    coverage = summed_coverage(SIGNED_DISTANCES[moving_shape.shape](dx, dy, float(radius))[:, None])
    colour = jittered_colour(colours[moving_shape.colour], generator)
    frames = blend(coverage, colour, _clutter(generator, size_px), n_exposures=1)
    return clip_of(moving_shape, frames, along, float(across))


def _clutter(generator: np.random.Generator, size_px: int) -> NDArray[np.int32]:
    """What stays as it is: a colour, grey blocks, and grains of noise; [H, W, 3]."""
    pixels = np.empty((size_px, size_px, 3), np.int32)
    pixels[:] = generator.integers(*_BACKGROUND, 3)
    for _ in range(_N_BLOCKS):
        grey = int(generator.integers(*_GREYS))
        width, height = np.rint(generator.uniform(*_BLOCK, 2) * size_px).astype(int)
        left, top = generator.integers(-size_px // 8, size_px, 2)
        pixels[max(top, 0) : top + height, max(left, 0) : left + width] = grey
    pixels += generator.integers(-_NOISE, _NOISE + 1, pixels.shape, dtype=np.int32)
    return pixels
