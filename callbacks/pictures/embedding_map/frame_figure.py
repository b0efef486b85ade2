"""The map of frames: a column for each model, the paths of all videos above, each about its own mean below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.frame_content import FrameMapShown
from zsar.callbacks.pictures.figures import PALETTE
from zsar.callbacks.pictures.page import INK, MARGIN, RIGHT, SOFT, WRONG, Page, bare_map, same_scale

_MAP = 4.4  # inches, as are the following
_HEADING = 0.82
_LEGEND, _ENTRY = 4.2, 0.58
_HALO = withStroke(linewidth=2.4, foreground="white")


def draw_frames(shown: FrameMapShown) -> Figure:
    """Draws a map of frames.

    Args:
        shown: What it shows.

    Returns:
        The figure.
    """
    n_models = len(shown.models)
    width = n_models * (_MAP + MARGIN) + _LEGEND + 2 * MARGIN
    height = max(_HEADING + 2 * _MAP + 0.6, _ENTRY * len(shown.videos) + 0.4)
    page = Page(width, height, title=shown.title, lines=shown.lines)
    above, below = [], []
    for column, model in enumerate(shown.models):
        left, top = MARGIN + column * (_MAP + MARGIN), page.top
        spread = f"spread {model.spread.spread:.4f}, step {model.spread.step:.4f}, V + C {model.spread.diversity:.5f}"
        page.text(left, top, model.name, size=11, bold=True, width=_MAP)
        page.text(left, top + 0.22, f"these videos: {spread}", colour=SOFT, width=_MAP)
        page.text(left, top + 0.42, model.described, size=8, colour=SOFT, width=_MAP)
        above.append(page.axes(left, top + _HEADING - 0.12, _MAP, _MAP))
        page.text(left, top + _HEADING + _MAP - 0.04, "each video about its own mean (PCA)", colour=SOFT, width=_MAP)
        below.append(page.axes(left, top + _HEADING + _MAP + 0.18, _MAP, _MAP))
        _draw_paths(above[-1], model.paths)
        _draw_paths(below[-1], model.motion)
    if shown.same_scale:
        same_scale(above, [np.concatenate(model.paths) for model in shown.models])
    same_scale(below, [np.concatenate(model.motion) for model in shown.models])
    left = MARGIN + n_models * (_MAP + MARGIN) + 0.05
    for i, (video, of_class, predicted) in enumerate(zip(shown.videos, shown.classes, shown.predicted, strict=True)):
        y = page.top + i * _ENTRY
        answer, colour = ("right", RIGHT) if predicted == of_class else (f"predicted: {predicted}", WRONG)
        page.text(left, y, str(i + 1), bold=True, colour=PALETTE[i % len(PALETTE)], width=0.3)
        page.text(left + 0.32, y, of_class, width=_LEGEND - 0.35)
        page.text(left + 0.32, y + 0.17, answer, size=8, colour=colour, width=_LEGEND - 0.35)
        page.text(left + 0.32, y + 0.33, video, size=7.5, colour=SOFT, width=_LEGEND - 0.35)
    return page.figure


def _draw_paths(axes: Axes, paths: Sequence[NDArray[np.float64]]) -> None:
    for i, path in enumerate(paths):
        colour = PALETTE[i % len(PALETTE)]
        x, y, time = path[:, 0], path[:, 1], np.arange(len(path))
        axes.plot(x, y, color=colour, linewidth=1.2, alpha=0.75, zorder=2)
        axes.scatter(x, y, c=time, cmap="viridis", s=22, edgecolors=colour, linewidths=0.7, zorder=3)
        offset: dict[str, Any] = {"xytext": (4, 3), "textcoords": "offset points"}
        number = axes.annotate(str(i + 1), (x[0], y[0]), fontsize=9, fontweight="bold", zorder=4, **offset)
        number.set_color(colour if len(paths) > 1 else INK)
        number.set_path_effects([_HALO])
    bare_map(axes)
