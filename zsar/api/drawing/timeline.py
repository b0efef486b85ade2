"""A strip at the bottom of a frame: all segments in time, and a playhead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw

from zsar.api.drawing.panels import GROUND, WHITE, letter_px
from zsar.datamodules.video_files.writing.drawn_copy import Patch


class Segment(Protocol):
    """An action that was found."""

    @property
    def start_seconds(self) -> float:
        """Its start, in seconds on the player's clock."""

    @property
    def end_seconds(self) -> float:
        """Its end."""

    @property
    def class_name(self) -> str:
        """Its class."""

    @property
    def score(self) -> float:
        """Its score."""


class Timeline:
    """The strip of one video."""

    def __init__(
        self,
        segments: Sequence[Segment],
        colours: Mapping[str, str],
        *,
        duration_seconds: float,
        width_px: int,
        height_px: int,
    ) -> None:
        """Draws the segments; classes that overlap share the height.

        Args:
            segments: The segments.
            colours: Colour of each class.
            duration_seconds: The time at the right end.
            width_px: Width of the frame.
            height_px: Height of the frame.
        """
        size = letter_px(width_px, height_px)
        names = list(dict.fromkeys(segment.class_name for segment in segments))
        self._width, height = width_px // 2 * 2, max(1, round(1.2 * size / 2)) * 2
        self._top, self._duration = (height_px - height) // 2 * 2, max(duration_seconds, 1e-6)
        strip = Image.new("RGBA", (self._width, height), GROUND)
        draw = ImageDraw.Draw(strip)
        for segment in segments:
            row, share = names.index(segment.class_name), height / len(names)
            left, right = self._x(segment.start_seconds), self._x(segment.end_seconds)
            box = (
                left,
                round(row * share),
                max(left, right - 1),
                max(round(row * share), round((row + 1) * share) - 1),
            )
            draw.rectangle(box, fill=colours[segment.class_name])
        self._strip = np.asarray(strip)

    def at(self, seconds: float) -> Patch:
        """The strip with the playhead at a time."""
        rgba, x = self._strip.copy(), min(self._x(seconds), self._width - 2)
        rgba[:, max(0, x - 2) : x + 4] = (0, 0, 0, 255)
        rgba[:, x : x + 2] = WHITE
        return Patch(0, self._top, rgba)

    def _x(self, seconds: float) -> int:
        return round(self._width * min(1.0, max(0.0, seconds / self._duration)))
