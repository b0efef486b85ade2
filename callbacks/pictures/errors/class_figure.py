"""The picture of the worst classes: for each what share of its videos is right, and what the others are taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from zsar.callbacks.pictures.errors.class_table import ClassRow
from zsar.callbacks.pictures.errors.confusions import Confusions
from zsar.callbacks.pictures.errors.short_names import explained
from zsar.callbacks.pictures.localization.text_fitting import shortened, text_width

MOST_CLASSES = 40
_RIGHT, _FIRST, _SECOND, _OTHERS, _MISSING = "#3b75af", "#c23b22", "#e58a73", "#f3c9bd", "#c9c9c9"
_INK, _PALE = "#222222", "#767676"
_BAR, _TOP1, _LEAST_WIDTH = 3.2, 0.65, 8.4  # inches of the bars, of the numbers to their right, of the page
_ROW, _HEADER, _SIZE = 0.23, 1.05, 8.5
_NAME_POINTS, _ANSWER_POINTS = 190, 210  # longest name on the left, and on the right


@dataclass(frozen=True)
class _Bar:
    """What is drawn of a class: its name, the parts of its bar (number of videos, colour), and text to the right."""

    name: str
    n: int
    parts: tuple[tuple[int, str], ...]
    texts: tuple[str, ...]


def draw_worst_classes(confusions: Confusions) -> Figure:
    """Draws the worst classes, at most 40, worst on top.

    Args:
        confusions: The confusions of a set; at least one class has a video.

    Returns:
        The figure: for each class a bar of its videos (right, taken for the most frequent other class, the second,
        further ones, not decoded), its top-1, and the names of the two most frequent confusions.
    """
    with_videos = [row for row in confusions.rows if row.n]
    bars = [_bar(confusions, row) for row in with_videos[:MOST_CLASSES]]
    left = max(text_width(bar.name, _SIZE) for bar in bars) / 72 + 0.35
    columns = [max(_inches(bar.texts[column:]) for bar in bars) for column in range(2)]
    width = max(left + _BAR + _TOP1 + sum(columns) + 0.1, _LEAST_WIDTH)
    height = _HEADER + _ROW * len(bars) + 0.3
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((left / width, 0.3 / height, _BAR / width, _ROW * len(bars) / height))
    for place, bar in enumerate(bars):
        _draw_bar(axes, bar, place, second_column=_TOP1 + columns[0])
    axes.set_xlim(0, 100)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"], fontsize=7.5, color=_PALE)
    axes.tick_params(axis="x", length=2, color=_PALE)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    _draw_header(figure, confusions, len(bars), len(with_videos))
    return figure


def _bar(confusions: Confusions, row: ClassRow) -> _Bar:
    short = confusions.lead_and_short_names[1]
    index = confusions.names.index(row.name)
    others = confusions.taken_for(index)
    counts = [n for _, n in others]
    texts = [f"{100 * n / row.n:.0f} % {short[i]}" for i, n in others[:2]]
    if row.n_undecodable and len(texts) < 2:
        texts.append(f"{row.n_undecodable:,} not decoded")
    parts = (
        (row.n - sum(counts) - row.n_undecodable, _RIGHT),
        (sum(counts[:1]), _FIRST),
        (sum(counts[1:2]), _SECOND),
        (sum(counts[2:]), _OTHERS),
        (row.n_undecodable, _MISSING),
    )
    name = f"{shortened(short[index], _NAME_POINTS, _SIZE)} ({row.n:,})"
    return _Bar(name, row.n, parts, tuple(shortened(text, _ANSWER_POINTS, _SIZE) for text in texts))


def _draw_bar(axes: Axes, bar: _Bar, place: int, *, second_column: float) -> None:
    start = 0.0
    for n, colour in bar.parts:
        axes.barh(place, 100 * n / bar.n, 0.76, left=start, color=colour, linewidth=0)
        start += 100 * n / bar.n
    inch = 100 / _BAR  # in units of the axis
    top1 = f"{100 * bar.parts[0][0] / bar.n:.0f} %"
    style: dict[str, Any] = {"va": "center", "fontsize": _SIZE}
    axes.text(-1.5, place, bar.name, ha="right", color=_INK, **style)
    axes.text(100 + 0.1 * inch, place, top1, color=_RIGHT, fontweight="bold", **style)
    if not bar.texts:
        axes.text(100 + _TOP1 * inch, place, "no mistake", color=_PALE, **style)
    for column, text in enumerate(bar.texts):
        x = 100 + (second_column if column else _TOP1) * inch
        axes.text(x, place, text, color=_PALE if column else _INK, **style)


def _inches(texts: tuple[str, ...]) -> float:
    """Width of the column that the first of some texts stands in; none without a text."""
    return text_width(texts[0], _SIZE) / 72 + 0.2 if texts else 0.0


def _draw_header(figure: Figure, confusions: Confusions, n_shown: int, n_all: int) -> None:
    width, height = figure.get_size_inches().tolist()
    title = shortened(confusions.summary, (width - 0.4) * 72, 12, bold=True)
    figure.text(0.2 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", color=_INK, va="top")
    n_without = len(confusions.names) - n_all
    which = f"the worst {n_shown} of {n_all:,} classes" if n_shown < n_all else "all classes, worst first"
    without = f"; {n_without:,} without a video are left out" if n_without else ""
    how = f"{which} (number of videos){without}; right of the bars: top-1 and the two most frequent wrong answers"
    how += explained(confusions.lead_and_short_names[0])
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
