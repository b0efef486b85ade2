"""The map of videos: a point for each video, its class by colour and marker, numbered and named on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.class_legend import ClassLegend, draw_numbers
from zsar.callbacks.pictures.embedding_map.class_marks import ClassMark
from zsar.callbacks.pictures.embedding_map.numbers.separation import ClassSeparation
from zsar.callbacks.pictures.page import FAINT, GREY, MARGIN, SOFT, Page, bare_map

_MAP = 7.6  # inches


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
        notes: Lines below the map.
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
    legend = ClassLegend(shown.marks, ("videos", "nearest"), _figures(shown.classes), height=_MAP)
    notes = 0.2 * len(shown.notes) + 0.1
    width = max(_MAP + legend.width + 3 * MARGIN, _MAP + 3.2)
    page = Page(width, _MAP + notes + MARGIN, title=shown.title, lines=shown.lines)
    axes = page.axes(MARGIN, page.top, _MAP, _MAP)
    _draw_points(axes, shown)
    bare_map(axes)
    names = np.array(shown.class_of, dtype=object)
    draw_numbers(axes, shown.marks, {name: shown.points[names == name] for name in shown.marks})
    legend.draw(page, left=_MAP + 2 * MARGIN, top=page.top)
    for i, note in enumerate(shown.notes):
        page.text(MARGIN, page.top + _MAP + 0.1 + 0.2 * i, note, size=8.5, colour=SOFT)
    return page.figure


def _draw_points(axes: Axes, shown: VideoMap) -> None:
    size = float(np.clip(9000 / max(len(shown.points), 1), 16, 46))
    names = np.array(shown.class_of, dtype=object)
    others = ~np.isin(names, list(shown.marks))
    for hollow, colours in ((False, {"c": FAINT}), (True, {"facecolors": "none", "edgecolors": GREY})):
        grey = shown.points[others & (shown.hollow == hollow)]
        style: dict[str, Any] = {**colours, "s": 0.5 * size, "linewidths": 0.7 if hollow else 0}
        axes.scatter(grey[:, 0], grey[:, 1], rasterized=True, **style)
    for name, mark in shown.marks.items():
        for hollow in (False, True):
            x, y = shown.points[(names == name) & (shown.hollow == hollow)].T
            faces, edges, line = ("none", mark.colour, 1.1) if hollow else (mark.colour, "white", 0.4)
            axes.scatter(x, y, s=size, marker=mark.marker, facecolors=faces, edgecolors=edges, linewidths=line)
    for name, place in shown.texts.items():
        named = shown.marks.get(name)
        colour, edge = (FAINT, SOFT) if named is None else (named.colour, "black")
        of_class = shown.points[names == name]
        if named and len(of_class):
            ends = np.stack([place, np.median(of_class, axis=0)])
            axes.plot(ends[:, 0], ends[:, 1], color=colour, linewidth=0.8, alpha=0.6, zorder=1)
        x, y, size = place[:1], place[1:], 90 if named else 45
        axes.scatter(x, y, s=size, marker="*", c=colour, edgecolors=edge, linewidths=0.9, zorder=3)


def _figures(classes: Sequence[ClassSeparation]) -> dict[str, tuple[str, str]]:
    """Number of videos, and share of those whose nearest video is of the class, as text."""
    accuracies = {c.name: c.neighbour_accuracy for c in classes}
    shares = {name: "alone" if share is None else f"{share:.0f} %" for name, share in accuracies.items()}
    return {c.name: (f"{c.n:,}", shares[c.name]) for c in classes}
