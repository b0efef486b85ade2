"""The picture of the worst classes: for each what share of its videos is right, and what the others are taken for."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zsar.callbacks.pictures.errors.class_table import ClassRow
from zsar.callbacks.pictures.errors.confusions import Confusions
from zsar.callbacks.pictures.localization.text_fitting import shortened, text_width

MOST_CLASSES = 40
_RIGHT, _FIRST, _SECOND, _OTHERS, _MISSING = "#3b75af", "#c23b22", "#e58a73", "#f3c9bd", "#c9c9c9"
_INK, _PALE = "#222222", "#767676"
_BAR, _TOP1, _ANSWER = 3.2, 0.65, 2.35  # inches of the bars, and of the columns to their right
_ROW, _HEADER, _SIZE = 0.23, 1.05, 8.5
_NAME_POINTS = 190
_LEFT: dict[str, Any] = {"ha": "left", "va": "center", "fontsize": _SIZE}


def draw_worst_classes(confusions: Confusions) -> Figure:
    """Draws the worst classes, at most 40, worst on top.

    Args:
        confusions: The confusions of a set.

    Returns:
        The figure: for each class a bar of its videos (right, taken for the most frequent other class, the second,
        further ones, not decoded), its top-1, and the names of the two most frequent confusions.
    """
    with_videos = [row for row in confusions.rows if row.n]
    rows = with_videos[:MOST_CLASSES]
    names = [f"{shortened(row.name, _NAME_POINTS, _SIZE)} ({row.n:,})" for row in rows]
    left = max((text_width(name, _SIZE) for name in names), default=0) / 72 + 0.35
    width = left + _BAR + _TOP1 + 2 * _ANSWER
    height = _HEADER + _ROW * max(len(rows), 1) + 0.3
    figure = Figure(figsize=(width, height))
    n_rows = max(len(rows), 1)
    axes = figure.add_axes((left / width, 0.3 / height, _BAR / width, _ROW * n_rows / height))
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        _draw_class(axes, confusions, row, place)
        axes.text(-1.5, place, name, ha="right", va="center", fontsize=_SIZE, color=_INK)
    axes.set_xlim(0, 100)
    axes.set_ylim(n_rows - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"], fontsize=7.5, color=_PALE)
    axes.tick_params(axis="x", length=2, color=_PALE)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    _draw_header(figure, confusions, len(rows), len(with_videos))
    return figure


def _draw_class(axes: Axes, confusions: Confusions, row: ClassRow, place: int) -> None:
    others = confusions.taken_for(row)
    counts = [n for _, n in others]
    n_right = row.n - sum(counts) - row.n_undecodable
    parts = (
        (n_right, _RIGHT),
        (sum(counts[:1]), _FIRST),
        (sum(counts[1:2]), _SECOND),
        (sum(counts[2:]), _OTHERS),
        (row.n_undecodable, _MISSING),
    )
    start = 0.0
    for n, colour in parts:
        axes.barh(place, 100 * n / row.n, 0.76, left=start, color=colour, linewidth=0)
        start += 100 * n / row.n
    inch = 100 / _BAR  # in units of the axis
    axes.text(100 + 0.1 * inch, place, f"{100 * n_right / row.n:.0f} %", color=_RIGHT, fontweight="bold", **_LEFT)
    told = [f"{100 * n / row.n:.0f} % {name}" for name, n in others[:2]]
    if row.n_undecodable and len(told) < 2:
        told.append(f"{row.n_undecodable:,} not decoded")
    for column, text in enumerate(told or ["no mistake"]):
        fitting = shortened(text, (_ANSWER - 0.15) * 72, _SIZE)
        x = 100 + (_TOP1 + column * _ANSWER) * inch
        axes.text(x, place, fitting, color=_INK if told and column == 0 else _PALE, **_LEFT)


def _draw_header(figure: Figure, confusions: Confusions, n_shown: int, n_all: int) -> None:
    width, height = figure.get_size_inches().tolist()
    title = shortened(confusions.summary, (width - 0.4) * 72, 12, bold=True)
    figure.text(0.2 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", color=_INK, va="top")
    n_without = len(confusions.names) - n_all
    which = f"the worst {n_shown} of {n_all:,} classes" if n_shown < n_all else "all classes, worst first"
    without = f"; {n_without:,} without a video are left out" if n_without else ""
    how = f"{which} (number of videos){without}; right of the bars: top-1 and the two most frequent wrong answers"
    how = shortened(how, (width - 0.4) * 72, 9)
    figure.text(0.2 / width, 1 - 0.42 / height, how, fontsize=9, color=_PALE, va="top")
    keys = [(_RIGHT, "right"), (_FIRST, "most frequent wrong answer"), (_SECOND, "second"), (_OTHERS, "further")]
    if confusions.undecodable.any():
        keys.append((_MISSING, "not decoded"))
    figure.legend(
        handles=[Patch(color=colour, label=label) for colour, label in keys],
        loc="upper left",
        bbox_to_anchor=(0.12 / width, 1 - 0.6 / height),
        ncols=len(keys),
        fontsize=8,
        frameon=False,
        handlelength=1,
        columnspacing=1.4,
    )
