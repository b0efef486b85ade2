"""The moving shapes: their vocabulary, and clips of them rendered from a seed.

A clip shows one coloured shape moving along one axis. Its class is a sentence, "a photo of a red circle moving to the
left", and only the order of the frames shows the direction: a clip is rendered moving to the right or to the bottom,
and the clip of the opposite direction with the same seed is the same clip played backwards, including noise. Clips of
opposite classes therefore have the same set of frames, and a model that ignores time gets the direction right in
exactly half of such pairs.

Base and novel classes: if the index of the colour plus that of the shape is even, the horizontal directions are base
and the vertical ones novel; if it is odd, the reverse. Every colour, shape and direction is in both sets; no
combination is. In each set, a shape of one colour has two classes, which are opposite directions.

Clips are the same on every platform: seeds are hashed by SHA-256, random numbers come from PCG64, and pixels from
additions, multiplications and square roots, which IEEE 754 defines exactly, with sums and blending in integers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.rendering.shape_painting import (
    SIGNED_DISTANCES,
    blend,
    jittered_colour,
    steady_motion,
    summed_coverage,
)

Colours = Mapping[str, tuple[int, int, int]]
"""RGB values by name."""

COLOURS: Colours = {
    "red": (220, 50, 50),
    "green": (50, 190, 70),
    "blue": (60, 90, 235),
    "yellow": (230, 210, 50),
}
"""Colour names and their RGB values."""

SHAPES: tuple[str, ...] = ("circle", "square", "triangle", "cross")
"""Shape names."""

DIRECTIONS: tuple[str, ...] = ("left", "right", "top", "bottom")
"""Direction names; the first two are horizontal, the last two vertical."""

_BACKWARD = ("left", "top")  # towards lower pixel coordinates: the opposite direction, played backwards

# All lengths below are fractions of the frame's size.
_RADIUS = (0.185, 0.215)
_TRAVEL = (0.38, 0.60)
_CENTRE_JITTER_ALONG = 0.10
_CENTRE_JITTER_ACROSS = 0.15
_BLUR_PER_TRAVEL = 0.2  # long enough for one frame to show the axis

_N_EXPOSURES = 5  # positions averaged for the motion blur
_BACKGROUND = (60, 120)
_BACKGROUND_SLOPE = 30
_NOISE = 8


@dataclass(frozen=True)
class MovingShape:
    """A class of the benchmark.

    Attributes:
        colour: One of `COLOURS`.
        shape: One of `SHAPES`.
        direction: One of `DIRECTIONS`.
    """

    colour: str
    shape: str
    direction: str

    @property
    def object_name(self) -> str:
        """The moving object: "red circle"."""
        return f"{self.colour} {self.shape}"

    @property
    def name(self) -> str:
        """The class as a sentence: "a photo of a red circle moving to the left"."""
        return f"a photo of a {self.object_name} moving to the {self.direction}"

    @property
    def folder_name(self) -> str:
        """The folder of its clips: "red circle to the left"."""
        return f"{self.object_name} to the {self.direction}"

    @property
    def is_horizontal(self) -> bool:
        """Whether it moves to the left or right."""
        return self.direction in DIRECTIONS[:2]

    @property
    def plays_backwards(self) -> bool:
        """Whether its clips are those of the opposite direction, played backwards."""
        return self.direction in _BACKWARD


class RenderedClip(NamedTuple):
    """A clip and the positions of its shape.

    Attributes:
        frames: uint8 [T, H, W, 3], RGB.
        centres_px: float64 [T, 2], x and y of the shape's centre; (0, 0) is the centre of the upper left pixel.
    """

    frames: NDArray[np.uint8]
    centres_px: NDArray[np.float64]


def all_classes() -> tuple[MovingShape, ...]:
    """The 64 classes, ordered by colour, then shape, then direction."""
    return tuple(
        MovingShape(colour, shape, direction) for colour in COLOURS for shape in SHAPES for direction in DIRECTIONS
    )


def base_and_novel_classes() -> tuple[tuple[MovingShape, ...], tuple[MovingShape, ...]]:
    """The 32 base and the 32 novel classes, each in the order of `all_classes`."""
    base = tuple(c for c in all_classes() if _is_base(c))
    novel = tuple(c for c in all_classes() if not _is_base(c))
    return base, novel


def clip_generator(moving_shape: MovingShape, *, purpose: str, index: int, seed: int) -> np.random.Generator:
    """The random numbers of one clip.

    Clips of opposite directions with the same purpose, index and seed get the same numbers, so that each is the other
    played backwards.

    Args:
        moving_shape: What the clip shows.
        purpose: What it is for ("train", "test", ...); other purposes give other clips.
        index: Which clip of the class, 0-based.
        seed: The seed of the whole set.

    Returns:
        A generator at its beginning.
    """
    axis = "horizontal" if moving_shape.is_horizontal else "vertical"
    key = f"{seed}/{purpose}/{moving_shape.object_name}/{axis}/{index}"
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "little")))


def render_clip(
    moving_shape: MovingShape,
    generator: np.random.Generator,
    *,
    n_frames: int = 16,
    size_px: int = 32,
    colours: Colours = COLOURS,
) -> RenderedClip:
    """Renders a clip.

    Args:
        moving_shape: The class to show.
        generator: Source of all variation, from `clip_generator`.
        n_frames: T, at least 2.
        size_px: H and W.
        colours: RGB values of each of `COLOURS`, for shapes that are painted otherwise.

    Returns:
        The frames and the shape's centres.

    Raises:
        ValueError: There are fewer than 2 frames.
    """
    radius, travel = generator.uniform(*_RADIUS) * size_px, generator.uniform(*_TRAVEL) * size_px
    middle = (size_px - 1) / 2
    across = middle + generator.uniform(-1, 1) * _CENTRE_JITTER_ACROSS * size_px
    halfway = middle + generator.uniform(-1, 1) * _CENTRE_JITTER_ALONG * size_px
    along = steady_motion(n_frames, halfway, travel)

    exposures = _BLUR_PER_TRAVEL * travel * (np.arange(_N_EXPOSURES) / (_N_EXPOSURES - 1) - 0.5)
    moving = (np.arange(size_px) - (along[:, None] + exposures)[..., None]).astype(np.float32)  # [T, E, size]
    still = (np.arange(size_px) - across).astype(np.float32)
    if moving_shape.is_horizontal:
        dx, dy = moving[:, :, None, :], still[None, None, :, None]
    else:
        dx, dy = still[None, None, None, :], moving[:, :, :, None]
    coverage = summed_coverage(SIGNED_DISTANCES[moving_shape.shape](dx, dy, float(radius)))

    colour = jittered_colour(colours[moving_shape.colour], generator)
    frames = blend(coverage, colour, _background(size_px, generator), n_exposures=_N_EXPOSURES)
    frames += generator.integers(-_NOISE, _NOISE + 1, frames.shape, dtype=np.int8)
    return clip_of(moving_shape, frames, along, across)


def clip_of(
    moving_shape: MovingShape, frames: NDArray[np.int32], along: NDArray[np.float64], across: float
) -> RenderedClip:
    """A clip in the order of its direction.

    Args:
        moving_shape: Its class.
        frames: [T, H, W, 3], moving to the right or to the bottom.
        along: The positions of the shape's centre on its way, [T].
        across: The other coordinate.
    """
    steady = np.full(len(along), across)
    centres = np.stack([along, steady] if moving_shape.is_horizontal else [steady, along], axis=1)
    order = slice(None, None, -1 if moving_shape.plays_backwards else 1)
    pixels = frames.clip(0, 255).astype(np.uint8)
    return RenderedClip(np.ascontiguousarray(pixels[order]), np.ascontiguousarray(centres[order]))


def _is_base(moving_shape: MovingShape) -> bool:
    is_even = (list(COLOURS).index(moving_shape.colour) + SHAPES.index(moving_shape.shape)) % 2 == 0
    return moving_shape.is_horizontal == is_even


def _background(size_px: int, generator: np.random.Generator) -> NDArray[np.int32]:
    """A random colour with a random slope across the frame, [H, W, 3]."""
    level = generator.integers(*_BACKGROUND, 3)
    slope_x, slope_y = generator.integers(-_BACKGROUND_SLOPE, _BACKGROUND_SLOPE + 1, (2, 3))
    place = np.arange(size_px) - size_px // 2
    pixels: NDArray[np.int32] = (
        level + (slope_x * place[None, :, None] + slope_y * place[:, None, None]) // size_px
    ).astype(np.int32)
    return pixels
