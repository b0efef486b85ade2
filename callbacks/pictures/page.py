"""A figure whose parts are placed in inches from its upper left corner, with a title and lines of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from zsar.callbacks.pictures.localization.text_fitting import shortened

MARGIN = 0.25
_LINE = 0.2
INK, SOFT, GREY, FAINT = "#1a1a1a", "#555555", "#a6a6a6", "#d9d9d9"
RIGHT, WRONG = "#00734f", "#b3400e"


class Page:
    """A figure.

    Attributes:
        figure: The matplotlib figure.
        top: Where the next part begins, below the title and the lines, in inches.
    """

    def __init__(self, width: float, height: float, *, title: str, lines: Sequence[str]) -> None:
        """Draws the title and the lines below it, each shortened to the width.

        Args:
            width: Inches.
            height: Inches below the title and the lines.
            title: One line.
            lines: Lines in small print.
        """
        self.top = 0.62 + _LINE * len(lines)
        self._size = (width, height + self.top)
        self.figure = Figure(figsize=self._size, facecolor="white")
        self.text(MARGIN, 0.18, title, size=13, bold=True)
        for i, line in enumerate(lines):
            self.text(MARGIN, 0.5 + _LINE * i, line, size=9, colour=SOFT)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        colour: str = INK,
        bold: bool = False,
        width: float | None = None,
    ) -> None:
        """Draws a line at its upper left corner.

        Args:
            x: Inches from the left.
            y: Inches from the top.
            text: The line; shortened in the middle if too long.
            size: Font size in points.
            colour: Colour.
            bold: Whether it is bold.
            width: Inches; None for the rest of the page.
        """
        room = self._size[0] - x - MARGIN if width is None else width
        line = shortened(text, room * 72, size, bold=bold)
        place = (x / self._size[0], 1 - y / self._size[1])
        weight = "bold" if bold else "normal"
        self.figure.text(*place, line, fontsize=size, color=colour, va="top", fontweight=weight, parse_math=False)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Adds axes at their upper left corner; all in inches."""
        total_width, total_height = self._size
        place = (x / total_width, 1 - (y + height) / total_height, width / total_width, height / total_height)
        return self.figure.add_axes(place)


def bare_map(axes: Axes) -> None:
    """Axes of a map: one scale, no ticks, as the numbers mean nothing on their own."""
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.margins(0.06)
    for spine in axes.spines.values():
        spine.set_color(FAINT)


def same_scale(maps: Sequence[Axes], points: Sequence[NDArray[np.float64]]) -> None:
    """Gives square maps one scale, each about the middle of its own points.

    Args:
        maps: The axes, after `bare_map`.
        points: The points of each, [n, 2].
    """
    half = max(float(np.ptp(of_map, axis=0).max()) for of_map in points) / 2 * 1.14
    for axes, of_map in zip(maps, points, strict=True):
        middle = (of_map.max(axis=0) + of_map.min(axis=0)) / 2
        axes.set_aspect("auto")
        if half > 0:
            axes.set_xlim(middle[0] - half, middle[0] + half)
            axes.set_ylim(middle[1] - half, middle[1] + half)
