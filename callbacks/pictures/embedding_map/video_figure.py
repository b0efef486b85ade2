"""The map of videos: a point for each video, its class by colour and marker, numbered and named on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.class_marks import ClassMark
from zsar.callbacks.pictures.embedding_map.page import FAINT, MARGIN, SOFT, Page, bare_map
from zsar.callbacks.pictures.embedding_map.separation import ClassSeparation

_MAP = 7.6  # inches, as are the following
_COLUMN, _ENTRY = 4.0, 0.215
_FIGURES = 1.3  # of both numbers of a class
_ENTRIES = 28  # of a column
_HALO = withStroke(linewidth=2.6, foreground="white")


@dataclass(frozen=True)
class VideoMap:
    """What a map shows.

    Attributes:
        title: One line.
        lines: Lines below it: the projection, the numbers, what is left out.
        points: The videos, [N, 2].
        class_of: Class name of each, N.
        hollow: Whether a video is drawn hollow, bool [N].
        marks: Marks of the named classes; the others are grey.
        classes: Their numbers; at least those of the named classes.
        texts: The class texts, name -> [2]; empty if they are not shown.
        notes: Lines below the legend.
    """

    title: str
    lines: Sequence[str]
    points: NDArray[np.float64]
    class_of: Sequence[str]
    hollow: NDArray[np.bool_]
    marks: Mapping[str, ClassMark]
    classes: Sequence[ClassSeparation]
    texts: Mapping[str, NDArray[np.float64]]
    notes: Sequence[str] = ()


def draw_videos(shown: VideoMap) -> Figure:
    """Draws a map.

    Args:
        shown: What it shows.

    Returns:
        The figure: the map on the left, the classes on the right.
    """
    n_columns = -(-len(shown.marks) // _ENTRIES)
    page = Page(_MAP + n_columns * _COLUMN + 3 * MARGIN, _MAP + MARGIN, title=shown.title, lines=shown.lines)
    axes = page.axes(MARGIN, page.top, _MAP, _MAP)
    _draw_points(axes, shown)
    bare_map(axes)
    _draw_numbers(axes, shown)
    left = _MAP + 2 * MARGIN
    _draw_legend(page, shown, left)
    for i, note in enumerate(shown.notes):
        y = page.top + _MAP - 0.2 * (len(shown.notes) - i)
        page.text(left, y, note, size=8.5, colour=SOFT)
    return page.figure


def _draw_points(axes: Axes, shown: VideoMap) -> None:
    size = float(np.clip(9000 / max(len(shown.points), 1), 16, 46))
    names = np.array(shown.class_of, dtype=object)
    others = ~np.isin(names, list(shown.marks))
    axes.scatter(*shown.points[others].T, s=0.5 * size, c=FAINT, linewidths=0, rasterized=True)
    for name, mark in shown.marks.items():
        for hollow in (False, True):
            points = shown.points[(names == name) & (shown.hollow == hollow)]
            faces = "none" if hollow else mark.colour
            edges = mark.colour if hollow else "white"
            axes.scatter(
                *points.T, s=size, marker=mark.marker, facecolors=faces, edgecolors=edges, linewidths=1.1 if hollow else 0.4
            )
    for name, place in shown.texts.items():
        named = shown.marks.get(name)
        colour, edge = (FAINT, SOFT) if named is None else (named.colour, "black")
        axes.scatter(*place, s=130 if named else 60, marker="*", c=colour, edgecolors=edge, linewidths=0.9, zorder=3)


def _draw_numbers(axes: Axes, shown: VideoMap) -> None:
    """Writes the number of each named class at the median of its points."""
    if len(shown.marks) < 2:
        return
    names = np.array(shown.class_of, dtype=object)
    for name, mark in shown.marks.items():
        points = shown.points[names == name]
        if len(points):
            x, y = np.median(points, axis=0)
            number = axes.text(x, y, str(mark.number), ha="center", va="center", fontsize=11, fontweight="bold", zorder=4)
            number.set_color(mark.colour)
            number.set_path_effects([_HALO])


def _draw_legend(page: Page, shown: VideoMap, left: float) -> None:
    """Lists the named classes: mark, number, name, videos, and the share whose nearest video is of the class."""
    rows = {row.name: row for row in shown.classes}
    for i, (name, mark) in enumerate(shown.marks.items()):
        column, line = divmod(i, _ENTRIES)
        x, y = left + column * _COLUMN, page.top + (line + 1) * _ENTRY + 0.05
        if line == 0:
            page.text(x + 0.52, page.top, "class", size=8.5, colour=SOFT, width=1)
            page.text(x + _COLUMN - _FIGURES, page.top, "videos", size=8.5, colour=SOFT, width=0.6)
            page.text(x + _COLUMN - _FIGURES + 0.55, page.top, "nearest", size=8.5, colour=SOFT, width=0.7)
        axes = page.axes(x, y, 0.18, 0.18)
        axes.set_axis_off()
        axes.scatter([0], [0], s=42, marker=mark.marker, c=mark.colour)
        page.text(x + 0.24, y + 0.025, f"{mark.number}", bold=True, width=0.3)
        page.text(x + 0.52, y + 0.025, name, width=_COLUMN - _FIGURES - 0.62)
        page.text(x + _COLUMN - _FIGURES, y + 0.025, f"{rows[name].n:,}", colour=SOFT, width=0.5)
        accuracy = rows[name].neighbour_accuracy
        nearest = "alone" if accuracy is None else f"{accuracy:.0f} %"
        page.text(x + _COLUMN - _FIGURES + 0.55, y + 0.025, nearest, colour=SOFT, width=0.6)
