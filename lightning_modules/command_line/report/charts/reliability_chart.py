"""Reliability: accuracy against confidence, with the number of videos of each bin below.

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", Figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.scales import linear_scale
from zsar.lightning_modules.command_line.report.charts.series_styles import style_of
from zsar.lightning_modules.command_line.report.rendering import render

WIDTH, HEIGHT = 440, 360
_TOP, _RIGHT, _SPLIT, _GAP, _BOTTOM, _LEFT = 12, 16, 250, 14, 46, 52


@dataclass(frozen=True)
class ReliabilitySeries:
    """The bins of a model.

    Attributes:
        name: What the legend calls it.
        confidences: Mean confidence of the bins that hold videos, 0 to 1, [K].
        accuracies: Their accuracy, 0 to 1, [K].
        counts: Their number of videos, [K].
        edges: Lower and upper confidence of these bins, [K].
        style: Number of its colour, from 1, so that a run has the same in all charts; None for its place in the chart.
    """

    name: str
    confidences: Sequence[float]
    accuracies: Sequence[float]
    counts: Sequence[int]
    edges: Sequence[tuple[float, float]]
    style: int | None = None


@dataclass(frozen=True)
class _Drawn:
    name: str
    style: int
    path: str
    marks: list[tuple[float, float, str]]
    bars: list[tuple[float, float, float, str]]


def reliability_chart(series: Sequence[ReliabilitySeries], *, title: str, description: str = "") -> Markup:
    """Draws accuracy against confidence, and below the share of videos in each bin.

    Args:
        series: The models, at least one.
        title: Heading of the chart.
        description: What there is to see, in words; the bins if empty.

    Returns:
        A <figure> element.
    """
    horizontal = linear_scale((), start=_LEFT, end=WIDTH - _RIGHT, limits=(0.0, 100.0))
    vertical = linear_scale((), start=_SPLIT, end=_TOP, limits=(0.0, 100.0))
    shares = [100 * count / max(sum(each.counts), 1) for each in series for count in each.counts]
    below = linear_scale([0.0, *shares], start=HEIGHT - _BOTTOM, end=_SPLIT + _GAP, n_ticks=2)
    drawn = []
    for i, each in enumerate(series):
        marks, bars = [], []
        n = max(sum(each.counts), 1)
        bins = zip(each.confidences, each.accuracies, each.counts, each.edges, strict=True)
        for confidence, accuracy, count, (low, high) in bins:
            said = f"{100 * low:.0f} to {100 * high:.0f} % confident: {100 * accuracy:.1f} % right of {count:,} videos"
            note = f"{each.name}: {said}"
            marks.append((horizontal.place(100 * confidence), vertical.place(100 * accuracy), note))
            start, end = horizontal.place(100 * low), horizontal.place(100 * high)
            width = (end - start - 2) / len(series)
            bars.append((round(start + 1 + i * width, 2), round(width, 2), below.place(100 * count / n), note))
        path = "M" + "L".join(f"{x:g} {y:g}" for x, y, _ in marks) if marks else ""
        style = style_of(i if each.style is None else each.style - 1)
        drawn.append(_Drawn(each.name, style, path, marks, bars))
    notes = "; ".join(note for each in drawn for _, _, note in each.marks)
    values = {
        "title": title,
        "description": description or f"Share of right answers against confidence. {notes}.",
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "horizontal": horizontal,
        "vertical": vertical,
        "below": below,
        "drawn": drawn,
    }
    return render("charts/reliability_chart.html", values)
