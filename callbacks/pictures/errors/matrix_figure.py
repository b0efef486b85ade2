"""The picture of a confusion matrix: shares of each class, with groups of confused classes side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from zsar.callbacks.pictures.errors.confusions import Confusions, chosen_classes
from zsar.callbacks.pictures.errors.short_names import explained
from zsar.callbacks.pictures.localization.text_fitting import shortened, text_width

MOST_CLASSES = 40
# Colours of groups: Okabe and Ito's without yellow, and two more; distinct for colour-blind people.
GROUP_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#666600")
_INK, _PALE = "#222222", "#767676"
_RIGHT = LinearSegmentedColormap.from_list("right", ["#ffffff", "#0b4a94"])
_WRONG = LinearSegmentedColormap.from_list("wrong", ["#ffffff", "#a50f15"])
_NAME_POINTS, _SIZE = 165, 8  # longest class name; font size
_NOTE_POINTS, _NOTE_SIZE = 165, 8.5  # of a class name in a line below
_SIDE, _LARGEST_SIDE, _FIELD = 0.27, 0.62, 4.2  # inches of a cell, and of the whole matrix as long as cells are larger
_MOST_GROUPS, _MOST_NAMED = 10, 8  # groups in lines below, and classes of each
_FEWEST_PERCENT = 1  # smaller shares have no number


def draw_matrix(confusions: Confusions) -> Figure:
    """Draws the matrix, at most 40 classes of it.

    Args:
        confusions: The confusions of a set.

    Returns:
        The figure: a row for each true class, a column for each prediction, and, where needed, one for all classes that
        are not shown and one for videos that could not be decoded.
    """
    shown, groups = chosen_classes(confusions, MOST_CLASSES)
    shares, further = _shares(confusions, shown)
    lead, names = confusions.lead_and_short_names
    n_rows, n_columns = shares.shape
    side = min(max(_SIDE, _FIELD / n_columns), _LARGEST_SIDE)
    labels = [_label(confusions, index) for index in shown]
    columns = [shortened(names[index], _NAME_POINTS, _SIZE) for index in shown] + further
    left = _inches(labels) + 0.35
    below = _inches(columns) + 0.15
    header = 0.85
    notes = _notes(confusions, shown, groups)
    legend = 0.2 * len(notes) + 0.1
    width = max(left + n_columns * side + 0.35, 7.5)
    height = header + n_rows * side + below + legend
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((left / width, (below + legend) / height, n_columns * side / width, n_rows * side / height))
    _draw_cells(axes, shares, len(shown))
    _label_axes(axes, labels, columns, colours=_colours(shown, groups))
    _draw_groups(axes, groups)
    title = shortened(confusions.summary, (width - 0.4) * 72, 12, bold=True)
    figure.text(0.2 / width, 1 - 0.12 / height, title, fontsize=12, fontweight="bold", color=_INK, va="top")
    how = "rows: true class (number of videos); columns: answer; numbers: % of the row's videos"
    how = shortened(f"{how}{explained(lead)}", (width - 0.4) * 72, 9)
    figure.text(0.2 / width, 1 - 0.42 / height, how, fontsize=9, color=_PALE, va="top")
    for line, (text, colour) in enumerate(notes):
        place = (0.2 / width, (legend - 0.2 * line) / height)
        figure.text(
            *place, shortened(text, (width - 0.4) * 72, _NOTE_SIZE), fontsize=_NOTE_SIZE, color=colour, va="top"
        )
    return figure


def _shares(confusions: Confusions, shown: Sequence[int]) -> tuple[NDArray[np.float64], list[str]]:
    """Percent of each shown class by answer; NaN in the row of a class without videos. And the further columns."""
    rows = confusions.counts[shown]
    columns = [rows[:, shown]]
    further = []
    if len(shown) < len(confusions.names):
        columns.append(rows.sum(axis=1, keepdims=True) - rows[:, shown].sum(axis=1, keepdims=True))
        n_others = len(confusions.names) - len(shown)
        further.append(f"{n_others:,} other class{'' if n_others == 1 else 'es'}")
    if confusions.undecodable.any():
        columns.append(confusions.undecodable[shown][:, None])
        further.append("not decoded")
    counts = np.concatenate(columns, axis=1).astype(np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(100 * counts, totals, out=np.full_like(counts, np.nan), where=totals > 0), further


def _draw_cells(axes: Axes, shares: NDArray[np.float64], n_classes: int) -> None:
    """Right answers in blue, wrong ones in red, both from white at 0 % to dark at 100 %."""
    n_rows, n_columns = shares.shape
    right = np.eye(n_rows, n_columns, dtype=bool)
    for cells, colours in ((right, _RIGHT), (~right, _WRONG)):
        shown = np.ma.masked_where(~cells | np.isnan(shares), shares)
        axes.imshow(shown, cmap=colours, norm=PowerNorm(0.7, vmin=0, vmax=100))  # small shares stay visible
    axes.set_facecolor("#e8e8e8")
    for row, column in np.argwhere(np.nan_to_num(shares) >= _FEWEST_PERCENT):
        share = shares[row, column]
        colour = "white" if share > 45 else _INK
        axes.text(column, row, f"{share:.0f}", ha="center", va="center", fontsize=7, color=colour)
    if n_columns > n_classes:
        axes.axvline(n_classes - 0.5, color=_INK, linewidth=1)
    axes.set_xticks(np.arange(-0.5, n_columns), minor=True)
    axes.set_yticks(np.arange(-0.5, n_rows), minor=True)
    axes.grid(which="minor", color="#dddddd", linewidth=0.4)
    axes.tick_params(which="both", length=0)


def _label_axes(axes: Axes, rows: Sequence[str], columns: Sequence[str], *, colours: Sequence[str]) -> None:
    axes.set_yticks(range(len(rows)), rows, fontsize=_SIZE)
    axes.set_xticks(range(len(columns)), columns, fontsize=_SIZE, rotation=90)
    for labels in (axes.get_yticklabels(), axes.get_xticklabels()):
        for label, colour in zip(labels, colours, strict=False):
            label.set_color(colour)
            label.set_fontweight("normal" if colour == _INK else "bold")


def _draw_groups(axes: Axes, groups: Sequence[Sequence[int]]) -> None:
    start = 0
    for number, group in enumerate(groups):
        corner, n = (start - 0.5, start - 0.5), len(group)
        colour = GROUP_COLOURS[number % len(GROUP_COLOURS)]
        axes.add_patch(Rectangle(corner, n, n, fill=False, edgecolor=colour, linewidth=2.2, zorder=3))
        start += n


def _colours(shown: Sequence[int], groups: Sequence[Sequence[int]]) -> list[str]:
    """The colour of each shown class: that of its group, or the ink of the others."""
    of_class = {i: GROUP_COLOURS[number % len(GROUP_COLOURS)] for number, group in enumerate(groups) for i in group}
    return [of_class.get(index, _INK) for index in shown]


def _notes(confusions: Confusions, shown: Sequence[int], groups: Sequence[Sequence[int]]) -> list[tuple[str, str]]:
    """Lines below the matrix, with their colours: what is left out, and the groups."""
    n_all = len(confusions.names)
    drawn = [cluster for cluster in confusions.clusters if list(cluster.classes) in groups]
    short = confusions.lead_and_short_names[1]
    notes = []
    if len(shown) < n_all:
        rest = "then the worst others" if groups else "the worst ones"
        lead = "classes that are confused with each other, " if groups else ""
        notes.append((f"{len(shown)} of {n_all:,} classes: {lead}{rest}; all are in the JSON and CSV files", _PALE))
    if not confusions.clusters:
        none = "no group: no two classes are taken for each other at least twice and in 10 % of their videos"
        notes.append((none if n_all > 1 else "there is one class, so nothing can be confused", _PALE))
    for number, cluster in enumerate(drawn[:_MOST_GROUPS]):
        names = [shortened(short[index], _NOTE_POINTS, _NOTE_SIZE) for index in cluster.classes]
        of_group = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
        text = (
            f"group of {len(cluster.classes)}: {cluster.n_within} of {cluster.n_wrong} mistakes stay within: {of_group}"
        )
        notes.append((text, GROUP_COLOURS[number % len(GROUP_COLOURS)]))
    if len(confusions.clusters) > min(len(drawn), _MOST_GROUPS):
        n_more = len(confusions.clusters) - min(len(drawn), _MOST_GROUPS)
        notes.append((f"{n_more} more group{'' if n_more == 1 else 's'} in the JSON file", _PALE))
    return notes


def _label(confusions: Confusions, index: int) -> str:
    n = int(confusions.counts[index].sum() + confusions.undecodable[index])
    return f"{shortened(confusions.lead_and_short_names[1][index], _NAME_POINTS, _SIZE)} ({n:,})"


def _inches(labels: Sequence[str]) -> float:
    """Width of the longest label."""
    return max(text_width(label, _SIZE, bold=True) for label in labels) / 72
