"""The picture of which frames attend to which: T x T for each layer in which frames see each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from zsar.callbacks.pictures.attention.attention_figure import HEAT
from zsar.callbacks.pictures.figures import linspace_indices
from zsar.callbacks.pictures.page import MARGIN, SOFT, Page

_PANEL, _LEFT, _TOP, _GAP = 1.9, 0.45, 0.3, 0.35  # inches
_MOST_COLUMNS = 4
_MOST_LABELS = 8  # frames whose numbers are written
_MOST_NUMBERS = 4  # frames up to which shares are written into the cells


def draw_frame_attention(
    layers: Mapping[int, Tensor], *, title: str, lines: Sequence[str], n_seen: int | None = None
) -> Figure:
    """Draws one panel for each layer, all with the same colours.

    Args:
        layers: By layer, how much each frame attends to each, [T, T].
        title: The model and the video.
        lines: Small print below it.
        n_seen: How many frames a frame attends to, with those beyond the ends of the clip; None for all of the clip.
    """
    columns = min(len(layers), _MOST_COLUMNS)
    n_rows = math.ceil(len(layers) / columns)
    step_x, step_y = _LEFT + _PANEL + 0.1, _TOP + _PANEL + _GAP
    width = max(2 * MARGIN + columns * step_x, 6.5)
    page = Page(width, n_rows * step_y + 0.45, title=title, lines=lines)
    limit = max(float(weights.max()) for weights in layers.values())
    n_frames = len(next(iter(layers.values())))
    ticks = sorted(linspace_indices(_MOST_LABELS, n_frames))
    for number, (layer, weights) in enumerate(sorted(layers.items())):
        x, y = MARGIN + (number % columns) * step_x + _LEFT, page.top + (number // columns) * step_y + _TOP
        page.text(x, y - 0.22, f"layer {layer + 1}", size=9, bold=True, width=_PANEL)
        axes = page.axes(x, y, _PANEL, _PANEL)
        axes.imshow(weights.numpy(), cmap=HEAT, vmin=0, vmax=limit)
        axes.set_xticks(ticks, [str(tick + 1) for tick in ticks], fontsize=7)
        axes.set_yticks(ticks, [str(tick + 1) for tick in ticks], fontsize=7)
        axes.tick_params(length=2)
        if number == 0:
            axes.set_xlabel("attended frame", fontsize=7.5, labelpad=1)
            axes.set_ylabel("attending frame", fontsize=7.5, labelpad=1)
        for row, column in ((r, c) for r in range(n_frames) for c in range(n_frames) if n_frames <= _MOST_NUMBERS):
            share = float(weights[row, column])
            colour = "black" if share > 0.6 * limit else "white"
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", fontsize=7, color=colour)
    y = page.top + n_rows * step_y + 0.08
    scale = page.axes(MARGIN + _LEFT, y, 1.2, 0.12)
    scale.imshow([[i / 255 for i in range(256)]], aspect="auto", cmap=HEAT)
    scale.set_axis_off()
    meaning = f"0 … {limit:.2f} of a frame's attention; evenly spread it is {1 / (n_seen or n_frames):.2f}"
    page.text(MARGIN + _LEFT + 1.3, y - 0.02, meaning, size=8, colour=SOFT)
    return page.figure
