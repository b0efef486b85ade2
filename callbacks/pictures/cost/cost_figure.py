"""The chart of costs: bars as in T2L, Figure 5, accuracy over throughput as in its Figure 1, lines over frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from zsar.callbacks.pictures.cost.cost_chart import CostPoint
from zsar.callbacks.pictures.figures import PALETTE
from zsar.callbacks.pictures.localization.text_fitting import shortened

_WIDTH, _ROW, _FRAME = 12.0, 0.42, 1.2  # inches: the page, a bar, titles and axes
_SCATTER_HEIGHT = 4.2  # inches
_NAME_POINTS, _NAME_SIZE = 170, 9
_LARGEST_BUBBLE = 1600  # square points

# What is drawn of each model as bars, and over the number of frames as lines.
_FIGURES: tuple[tuple[str, Callable[[CostPoint], float | None]], ...] = (
    ("GFLOPs", lambda point: point.gflops),
    ("per second, test", lambda point: point.per_second),
    ("peak memory, MB", lambda point: point.peak_mb),
    ("trained parameters, millions", lambda point: point.trained_millions),
)
_OVER_FRAMES = _FIGURES[:3]


def cost_figure(points: Sequence[CostPoint]) -> Figure:
    """Draws costs.

    Args:
        points: At least one model.

    Returns:
        The figure, 12 in wide. Its axes are labelled "bars KEY", and below them "over frames KEY" if a series has
        several numbers of frames, and "accuracy" if there are accuracies beside throughputs.
    """
    shown = [(name, value) for name, value in _FIGURES if any(value(point) is not None for point in points)]
    over_frames = [(name, value) for name, value in shown if (name, value) in _OVER_FRAMES and _has_lines(points)]
    compared = [point for point in points if point.accuracy is not None and point.per_second is not None]
    heights = [_FRAME + _ROW * len(points)] + [_SCATTER_HEIGHT] * (bool(over_frames) + bool(compared))
    figure = Figure(figsize=(_WIDTH, sum(heights)), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for column, (name, value) in enumerate(shown):
        axes = parts[0].add_subplot(1, len(shown), column + 1, label=f"bars {name}")
        _draw_bars(axes, points, name, value, names=column == 0)
    for column, (name, value) in enumerate(over_frames):
        axes = parts[1].add_subplot(1, len(over_frames), column + 1, label=f"over frames {name}")
        _draw_lines(axes, points, name, value, legend=column == 0)
    if compared:
        _draw_accuracy(parts[-1].add_subplot(label="accuracy"), compared)
    return figure


def _has_lines(points: Sequence[CostPoint]) -> bool:
    return len({point.series for point in points}) < len(points)


def _colours(points: Sequence[CostPoint]) -> dict[str, str]:
    series = dict.fromkeys(point.series for point in points)
    return {name: PALETTE[number % len(PALETTE)] for number, name in enumerate(series)}


def _draw_bars(
    axes: Axes, points: Sequence[CostPoint], name: str, value: Callable[[CostPoint], float | None], *, names: bool
) -> None:
    colours, most = _colours(points), max(value(point) or 0.0 for point in points)
    for row, point in enumerate(points):
        length = value(point)
        if length is not None:
            axes.barh(row, length, 0.66, color=colours[point.series], alpha=0.85)
        axes.text((length or 0) + 0.02 * most, row, _number(length), va="center", fontsize=8.5)
    labels = [shortened(point.name, _NAME_POINTS, _NAME_SIZE) for point in points] if names else [""] * len(points)
    axes.set_yticks(range(len(points)), labels, fontsize=_NAME_SIZE)
    axes.set(xlim=(0, 1.3 * (most or 1.0)), ylim=(len(points) - 0.45, -0.55))
    axes.set_xlabel(name, fontsize=9)
    axes.locator_params(axis="x", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _draw_lines(
    axes: Axes, points: Sequence[CostPoint], name: str, value: Callable[[CostPoint], float | None], *, legend: bool
) -> None:
    for series, colour in _colours(points).items():
        of_series = sorted((p.n_frames or 0, value(p)) for p in points if p.series == series and value(p) is not None)
        axes.plot(*zip(*of_series, strict=True), marker="o", markersize=4, color=colour, label=series)
    axes.set(ylim=(0, None))
    axes.set_xticks(sorted({point.n_frames for point in points if point.n_frames is not None}))
    axes.set_xlabel("frames of a view", fontsize=9)
    axes.set_title(name, fontsize=9, loc="left")
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if legend:
        axes.legend(fontsize=8, frameon=False)


def _draw_accuracy(axes: Axes, points: Sequence[CostPoint]) -> None:
    """Accuracy over throughput; the area of a bubble is GFLOPs."""
    colours, most = _colours(points), max(point.gflops or 0.0 for point in points) or 1.0
    for point in points:
        assert point.per_second is not None
        assert point.accuracy is not None
        area = _LARGEST_BUBBLE * (point.gflops or 0.0) / most
        axes.scatter(point.per_second, point.accuracy, s=area, color=colours[point.series], alpha=0.6)
        label = f"{shortened(point.name, _NAME_POINTS, _NAME_SIZE)} ({point.trained_millions:.3g} M trained)"
        axes.annotate(label, (point.per_second, point.accuracy), ha="center", va="center", fontsize=8.5)
    axes.margins(0.3)
    axes.set_xlabel("per second, test; area of a bubble: GFLOPs", fontsize=9)
    axes.set_ylabel("accuracy in percent", fontsize=9)
    axes.grid(color="#E5E5E5", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
