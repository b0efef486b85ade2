"""Names of classes beside a map, with two figures of each, and their numbers on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.class_marks import ClassMark
from zsar.callbacks.pictures.localization.text_fitting import one_line, text_width
from zsar.callbacks.pictures.page import INK, SOFT, Page

_LONGEST_NAME, _ENTRY = 3.6, 0.205  # inches, as are the following
_BEFORE, _FIGURE = 0.52, 0.6  # of mark and number, and of each figure of a class
_NEAR = 0.03  # share of the map: numbers that are closer are written together
_HALO = withStroke(linewidth=2.6, foreground="white")


class ClassLegend:
    """A table of classes in columns.

    Attributes:
        width: Inches.
    """

    def __init__(
        self,
        marks: Mapping[str, ClassMark],
        headings: tuple[str, str],
        figures: Mapping[str, tuple[str, str]],
        *,
        height: float,
    ) -> None:
        """Measures the table.

        Args:
            marks: The classes.
            headings: Of both figures.
            figures: Both figures of each class, as text.
            height: Inches.
        """
        self._marks = marks
        self._headings = headings
        self._figures = figures
        self._n_lines = int(height / _ENTRY) - 1
        widest = max((text_width(one_line(name), 9) for name in marks), default=0.0) / 72 + 0.05
        self._column = _BEFORE + min(max(widest, 0.6), _LONGEST_NAME) + 0.15 + 2 * _FIGURE + 0.1
        self.width = self._column * -(-len(marks) // self._n_lines)

    def draw(self, page: Page, *, left: float, top: float) -> None:
        """Draws the table on a page with its upper left corner at a place in inches."""
        for i, (name, mark) in enumerate(self._marks.items()):
            column, line = divmod(i, self._n_lines)
            x, y = left + column * self._column, top + (line + 1) * _ENTRY + 0.03
            figures = x + self._column - 2 * _FIGURE - 0.1
            if line == 0:
                page.text(x + _BEFORE, top, "class", size=8.5, colour=SOFT, width=0.7)
            for place, heading, figure in zip((0, 1), self._headings, self._figures[name], strict=True):
                if line == 0:
                    page.text(figures + place * _FIGURE, top, heading, size=8.5, colour=SOFT, width=_FIGURE)
                page.text(figures + place * _FIGURE, y + 0.025, figure, colour=SOFT, width=_FIGURE)
            axes = page.axes(x, y, 0.18, 0.18)
            axes.set_axis_off()
            axes.scatter([0], [0], s=42, marker=mark.marker, c=mark.colour)
            page.text(x + 0.24, y + 0.025, f"{mark.number}", bold=True, width=0.3)
            page.text(x + _BEFORE, y + 0.025, name, width=figures - x - _BEFORE - 0.1)


def draw_numbers(
    axes: Axes, marks: Mapping[str, ClassMark], points: Mapping[str, NDArray[np.float64]], *, beside: bool = False
) -> None:
    """Writes the number of each class at the median of its points; those of one place together.

    Args:
        axes: The map.
        marks: The classes; of a single one, no number is written.
        points: The points of each, [n, 2].
        beside: Whether numbers are written beside the median, which leaves single points free.
    """
    every = [of_class for of_class in points.values() if len(of_class)]
    if len(every) < 2:
        return
    near = _NEAR * float(np.ptp(np.concatenate(every), axis=0).max())
    places: list[tuple[NDArray[np.float64], list[ClassMark]]] = []
    for name, of_class in points.items():
        if not len(of_class):
            continue
        median = np.median(of_class, axis=0)
        same = next((others for place, others in places if float(np.linalg.norm(place - median)) <= near), None)
        if same is None:
            places.append((median, [marks[name]]))
        else:
            same.append(marks[name])
    for place, written in places:
        text = " ".join(str(mark.number) for mark in written)
        at: dict[str, Any] = {"xytext": (5, 4) if beside else (0, 0), "textcoords": "offset points"}
        aligned: dict[str, Any] = {"ha": "left", "va": "bottom"} if beside else {"ha": "center", "va": "center"}
        number = axes.annotate(text, place.tolist(), fontsize=10, fontweight="bold", zorder=4, **at, **aligned)
        number.set_color(written[0].colour if len(written) == 1 else INK)
        number.set_path_effects([_HALO])
