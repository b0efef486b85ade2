"""The map of class texts: before tuning on the left, as tuned for some videos on the right, on one scale."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zsar.callbacks.pictures.embedding_map.class_legend import ClassLegend, draw_numbers
from zsar.callbacks.pictures.embedding_map.page import FAINT, MARGIN, SOFT, Page, bare_map, same_scale
from zsar.callbacks.pictures.embedding_map.text_content import TextMapShown, TextPanels

_MAP = 6.0  # inches, as is the following
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
    for name, point in zip(shown.names, panels.untuned, strict=True):
        mark = panels.marks.get(name)
        x, y = point[:1], point[1:]
        if mark is None:
            axes.scatter(x, y, s=16, c=FAINT)
        else:
            axes.scatter(x, y, s=60, marker=mark.marker, c=mark.colour, edgecolors="white", linewidths=0.5)
    named = {name: panels.untuned[i : i + 1] for i, name in enumerate(shown.names) if name in panels.marks}
    draw_numbers(axes, panels.marks, named)


def _draw_tuned(axes: Axes, panels: TextPanels, shown: TextMapShown) -> None:
    for i, (name, point) in enumerate(zip(shown.names, panels.untuned, strict=True)):
        mark = panels.marks.get(name)
        tuned = panels.tuned[:, i]
        colour = FAINT if mark is None else mark.colour
        for place in tuned:
            axes.plot([point[0], place[0]], [point[1], place[1]], color=colour, linewidth=0.6, alpha=0.5, zorder=1)
        marker, size = ("o", 10) if mark is None else (mark.marker, 34)
        axes.scatter(tuned[:, 0], tuned[:, 1], s=size, marker=marker, c=colour, edgecolors="white", linewidths=0.4)
    named = {name: panels.tuned[:, i] for i, name in enumerate(shown.names) if name in panels.marks}
    draw_numbers(axes, panels.marks, named)
