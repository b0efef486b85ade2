"""The picture of results: a bar for each row, with deviation and published figure, and curves over IoU thresholds.

For T3AL and its oracles it is the chart of T3AL, Figure 4. torch is not needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from zsar.callbacks.pictures.figures import PALETTE
from zsar.callbacks.pictures.localization.text_fitting import shortened
from zsar.callbacks.pictures.result_chart import ResultBar, ResultChart

_WIDTH, _ROW, _FRAME = 12.0, 0.38, 1.3  # inches: the page, a row, titles and axes of a chart
_LEAST_HEIGHT, _FEW_ROWS = 3.0, 4  # with curves: inches, and the rows for which there is room
_NAME_POINTS, _NAME_SIZE = 190, 9
_DASHES = ("-", "--", ":", "-.")
_MOST_DOTS = 10  # runs whose figures are drawn one by one


def result_figure(charts: Sequence[ResultChart]) -> Figure:
    """Draws results.

    Args:
        charts: At least one; they are drawn below each other.

    Returns:
        The figure, 12 in wide. The axes of chart i are labelled "bars i" and "curves i".
    """
    heights = [max(_LEAST_HEIGHT if c.curve_axis else 0, _FRAME + _ROW * len(c.bars)) for c in charts]
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    figure = Figure(figsize=(_WIDTH, sum(heights)), layout=layout)
    grid = figure.add_gridspec(len(charts), 2, height_ratios=heights, width_ratios=(1.35, 1))
    for i, chart in enumerate(charts):
        place = grid[i, 0] if chart.curve_axis else grid[i, :]
        _draw_bars(figure.add_subplot(place, label=f"bars {i}"), chart)
        if chart.curve_axis:
            _draw_curves(figure.add_subplot(grid[i, 1], label=f"curves {i}"), chart)
    return figure


def row_style(row: int) -> tuple[str, str]:
    """Colour and line style of a row; 32 differ."""
    return PALETTE[row % len(PALETTE)], _DASHES[row // len(PALETTE) % len(_DASHES)]


def _draw_bars(axes: Axes, chart: ResultChart) -> None:
    most = max(_end(bar) for bar in chart.bars)
    for row, bar in enumerate(chart.bars):
        colour = row_style(row)[0] if chart.curve_axis else PALETTE[0]
        axes.barh(row, bar.value, 0.66, color=colour, alpha=0.85)
        if bar.std is not None:
            axes.errorbar(bar.value, row, xerr=bar.std, color="black", linewidth=1.1, capsize=3.5)
        if 1 < len(bar.runs) <= _MOST_DOTS:
            axes.plot(bar.runs, [row] * len(bar.runs), "o", color="white", markeredgecolor="black", markersize=3.2)
        label = f"{bar.value:.1f}" if bar.std is None else f"{bar.value:.1f} ± {bar.std:.1f}"
        if bar.published is not None:
            axes.plot([bar.published.value] * 2, [row - 0.42, row + 0.42], color="black", linewidth=2.4)
            label += f"   published: {bar.published.label}"
        axes.text(_end(bar) + 0.015 * most, row, label, va="center", fontsize=8.5)
    names = [shortened(bar.name, _NAME_POINTS, _NAME_SIZE) for bar in chart.bars]
    axes.set_yticks(range(len(names)), names, fontsize=_NAME_SIZE)
    room = 1.75 if any(bar.published for bar in chart.bars) else 1.22
    axes.set(
        xlim=(0, room * max(most, 1.0)), ylim=(max(len(names), _FEW_ROWS if chart.curve_axis else 1) - 0.45, -0.55)
    )
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= max(100.0, most) and tick <= 1.1 * most])
    axes.set_xlabel(chart.figure, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(
        handles=_legend(chart), loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=3, fontsize=8, frameon=False
    )


def _legend(chart: ResultChart) -> list[Line2D]:
    handles = []
    if any(bar.std is not None for bar in chart.bars):
        handles.append(Line2D([], [], color="black", marker="|", markersize=7, label="± sample standard deviation"))
    if any(1 < len(bar.runs) <= _MOST_DOTS for bar in chart.bars):
        handles.append(
            Line2D(
                [], [], linestyle="", marker="o", color="white", markeredgecolor="black", markersize=4, label="a run"
            )
        )
    if any(bar.published for bar in chart.bars):
        handles.append(
            Line2D(
                [], [], linestyle="", marker="|", color="black", markersize=11, markeredgewidth=2.4, label="published"
            )
        )
    return handles


def _draw_curves(axes: Axes, chart: ResultChart) -> None:
    places = list(dict.fromkeys(place for bar in chart.bars for place in bar.curve))
    for row, bar in enumerate(chart.bars):
        colour, dashes = row_style(row)
        xs = [places.index(place) for place in bar.curve]
        axes.plot(xs, list(bar.curve.values()), dashes, color=colour, marker="o", markersize=3.5, linewidth=1.5)
    axes.set_xticks(range(len(places)), places, fontsize=8.5)
    axes.set_xlim(-0.3, len(places) - 0.7)
    axes.set_ylim(0, max(1.0, 1.06 * max(value for bar in chart.bars for value in bar.curve.values())))
    axes.set_xlabel(chart.curve_axis or "", fontsize=9)
    axes.set_title("colours as on the left", fontsize=8, loc="left", color="dimgray")
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _end(bar: ResultBar) -> float:
    """Where a bar, its deviation, its runs and its published figure end."""
    published = 0.0 if bar.published is None else bar.published.value
    runs = bar.runs if len(bar.runs) <= _MOST_DOTS else ()
    return max(bar.value + (bar.std or 0.0), published, *runs)
