"""The shifts of `ShiftedMovingShapes`: their names and strengths, the other palette, and the other names of shapes.

Three kinds. Noise, less contrast, blur and lost frames take away what a model needs. A colour cast, fog and another
palette change all clips of a set in the same way, as another camera, another weather or another renderer would, and
leave everything in its place. Synonyms change the names of the classes and no pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.batch import ClassText
from zsar.datamodules.rendering.frame_shifts import add_fog, add_noise, blur, cast_colour, drop_frames, lower_contrast
from zsar.datamodules.rendering.moving_shapes_rendering import COLOURS, Colours

LossShift = Literal["clean", "noise", "contrast", "blur", "dropped"]
Shift = Literal["clean", "noise", "contrast", "blur", "dropped", "cast", "fog", "palette", "synonyms"]

OTHER_PALETTE: Colours = {
    "red": (250, 120, 150),
    "green": (60, 170, 160),
    "blue": (140, 110, 235),
    "yellow": (250, 175, 70),
}
"""RGB values of `COLOURS` as another renderer paints them: pink, teal, violet and orange."""

SYNONYMS: Mapping[str, str] = {"circle": "dot", "triangle": "wedge"}
"""Word -> another for the same. Neither is in a caption that the tiny CLIP was trained on. To the tiny CLIP of seed 0
most words that it has never read are like "triangle", so that "disc" and "box" are not told apart; these two lie nearer
to what they mean, which is as well as it can know a synonym.
"""

_MOST_BLUR_PX = 16


@dataclass(frozen=True)
class Strengths:
    """How strong the shifts are; by default, each costs T2L visibly and leaves it far above chance.

    Attributes:
        noise: Standard deviation of Gaussian noise, independent for each frame, pixel and colour, as a fraction of the
            pixel range (0.2 is 51 of 255).
        contrast: Factor for each pixel's distance from the frame's mean (over pixels and colours): 0.75 removes a
            quarter.
        blur_px: Standard deviation of the Gaussian blur of each frame, in pixels.
        dropped: Fraction of lost frames; the last frame before them is shown in their place. With 24 frames, 0.875
            leaves three different ones, including the first.
        cast: Share of the blue that a warm light takes away; of the green, half of it.
        fog: Share of light grey in each pixel.
        palette: How far the colours of shapes are moved from the benchmark's to `OTHER_PALETTE`, as a fraction.
    """

    noise: float = 0.2
    contrast: float = 0.75
    blur_px: float = 2.0
    dropped: float = 0.875
    cast: float = 0.3
    fog: float = 0.3
    palette: float = 0.7

    def __post_init__(self) -> None:
        """Checks that each strength changes the picture and leaves one."""
        for name in self.__dataclass_fields__:
            value, most = getattr(self, name), _MOST_BLUR_PX if name == "blur_px" else 1
            if not 0 < value < most:
                raise ValueError(
                    f"strengths.{name} is {value}, but must be above 0 and below {most}; the set 'clean' has no shift"
                )

    def of(self, shift: Shift) -> float | None:
        """The strength of a shift; None for those without one, clean clips and synonyms."""
        strength: float | None = getattr(self, "blur_px" if shift == "blur" else shift, None)
        return strength


def shifted_colours(palette: float) -> Colours:
    """RGB values between `COLOURS` and `OTHER_PALETTE`; the argument is the share of the latter."""
    mixed = {
        name: np.rint((1 - palette) * np.array(colour) + palette * np.array(OTHER_PALETTE[name])).astype(int)
        for name, colour in COLOURS.items()
    }
    return {name: (int(r), int(g), int(b)) for name, (r, g, b) in mixed.items()}


def shifted_frames(
    frames: NDArray[np.uint8], shift: Shift, strengths: Strengths, generator: np.random.Generator, *, backwards: bool
) -> NDArray[np.uint8]:
    """The frames of a clip under a shift that changes pixels; others leave them as they are.

    Args:
        frames: uint8 [T, H, W, 3].
        shift: The shift.
        strengths: How strong it is.
        generator: Draws noise, and which frames are lost.
        backwards: Whether noise is played backwards, as in one of two opposite directions.
    """
    if shift == "noise":
        order = slice(None, None, -1 if backwards else 1)
        return add_noise(frames[order], generator, standard_deviation=strengths.noise)[order]
    if shift == "contrast":
        return lower_contrast(frames, strengths.contrast)
    if shift == "blur":
        return blur(frames, strengths.blur_px)
    if shift == "dropped":
        return drop_frames(frames, generator, share=strengths.dropped)
    if shift == "cast":
        return cast_colour(frames, strengths.cast)
    return add_fog(frames, strengths.fog) if shift == "fog" else frames


def in_other_words(text: ClassText) -> ClassText:
    """Class text with every word of `SYNONYMS` replaced, in names and prompts."""

    def replaced(sentence: str) -> str:
        return " ".join(SYNONYMS.get(word, word) for word in sentence.split(" "))

    prompts = tuple(tuple(map(replaced, of_class)) for of_class in text.prompts)
    return replace(text, names=tuple(map(replaced, text.names)), prompts=prompts, source=f"{text.source}, in synonyms")
