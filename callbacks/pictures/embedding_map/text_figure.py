"""The map of class texts: before tuning on the left, as tuned for some videos on the right, on one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.class_legend import ClassLegend, draw_numbers
from zsar.callbacks.pictures.embedding_map.text_content import TextMapShown, TextPanels
from zsar.callbacks.pictures.page import FAINT, MARGIN, SOFT, Page, bare_map, same_scale

_MAP = 6.9  # inches, as is the following
_HEADING = 0.5


def draw_texts(shown: TextMapShown) -> Figure:
    """Draws a map of class texts.

    Args:
        shown: What it shows.

    Returns:
        The figure: a row for each set of texts, and the classes on the right.
    """
    legends = [ClassLegend(p.marks, ("shift", "spread"), p.figures, height=_MAP) for p in shown.panels]
    width = 2 * (_MAP + MARGIN) + max(legend.width for legend in legends) + 2 * MARGIN
    row = _MAP + _HEADING + 0.15
    page = Page(width, row * len(shown.panels) + 0.1, title=shown.title, lines=shown.lines)
    for i, (panels, legend) in enumerate(zip(shown.panels, legends, strict=True)):
        top, right = page.top + i * row, 2 * MARGIN + _MAP
        page.text(MARGIN, top, panels.before, size=10, bold=True, width=_MAP)
        page.text(MARGIN, top + 0.22, panels.described, size=8, colour=SOFT, width=_MAP)
        page.text(right, top, panels.after, size=10, bold=True, width=_MAP)
        page.text(right, top + 0.22, "a line leads from each class before tuning", size=8, colour=SOFT, width=_MAP)
        before, after = (page.axes(x, top + _HEADING, _MAP, _MAP) for x in (MARGIN, right))
        _draw_untuned(before, panels, shown)
        _draw_tuned(after, panels, shown)
        for axes in (before, after):
            bare_map(axes)
        every = np.concatenate([panels.untuned, panels.tuned.reshape(-1, 2)])
        same_scale((before, after), (every, every))
        legend.draw(page, left=right + _MAP + MARGIN, top=top + _HEADING)
    return page.figure


def _draw_untuned(axes: Axes, panels: TextPanels, shown: TextMapShown) -> None:
    grey = panels.untuned[[name not in panels.marks for name in shown.names]]
    axes.scatter(grey[:, 0], grey[:, 1], s=16, c=FAINT)
    named = {name: panels.untuned[i : i + 1] for i, name in enumerate(shown.names) if name in panels.marks}
    for name, points in named.items():
        mark = panels.marks[name]
        style: dict[str, Any] = {"marker": mark.marker, "c": mark.colour, "edgecolors": "white"}
        axes.scatter(points[:, 0], points[:, 1], s=60, linewidths=0.5, **style)
    draw_numbers(axes, panels.marks, named, beside=True)


def _draw_tuned(axes: Axes, panels: TextPanels, shown: TextMapShown) -> None:
    """Draws each class as tuned for each video, with a line from the class before tuning."""
    grey = [name not in panels.marks for name in shown.names]
    _draw_moves(axes, panels.untuned[grey], panels.tuned[:, grey], colour=FAINT)
    axes.scatter(panels.tuned[:, grey, 0].ravel(), panels.tuned[:, grey, 1].ravel(), s=10, c=FAINT)
    named = {name: panels.tuned[:, i] for i, name in enumerate(shown.names) if name in panels.marks}
    for i, name in enumerate(shown.names):
        if name in named:
            mark, tuned = panels.marks[name], named[name]
            _draw_moves(axes, panels.untuned[i : i + 1], tuned[:, None], colour=mark.colour)
            style: dict[str, Any] = {"marker": mark.marker, "c": mark.colour, "edgecolors": "white"}
            axes.scatter(tuned[:, 0], tuned[:, 1], s=34, linewidths=0.4, **style)
    draw_numbers(axes, panels.marks, named, beside=True)


def _draw_moves(axes: Axes, untuned: NDArray[np.float64], tuned: NDArray[np.float64], *, colour: str) -> None:
    """Draws lines from classes [C, 2] to each of their tuned points [n, C, 2]."""
    ends = np.stack([np.broadcast_to(untuned, tuned.shape), tuned], axis=2).reshape(-1, 2, 2)
    axes.add_collection(LineCollection(list(ends), colors=colour, linewidths=0.6, alpha=0.5, zorder=1))
