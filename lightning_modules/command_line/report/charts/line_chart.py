"""Line chart: several series over one axis, with a legend, and a logarithmic axis if wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.scales import Scale, linear_scale, log_scale, number
from zsar.lightning_modules.command_line.report.charts.series_styles import style_of
from zsar.lightning_modules.command_line.report.charts.text_widths import text_width
from zsar.lightning_modules.command_line.report.charts.thinned_points import thinned
from zsar.lightning_modules.command_line.report.rendering import render

WIDTH, HEIGHT = 440, 270
_TOP, _RIGHT, _BOTTOM = 12, 22, 46
_FEW_POINTS = 40  # so few are marked each; of longer series the ends and a few between
_MARKS = 5


@dataclass(frozen=True)
class Series:
    """A line of a chart.

    Attributes:
        name: What the legend calls it.
        xs: Positions, [N].
        ys: Values, [N]; values that are not finite are gaps.
        style: Number of its colour, from 1, so that a run has the same in all charts; None for its place in the chart.
    """

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    style: int | None = None


@dataclass(frozen=True)
class _Drawn:
    name: str
    style: int
    path: str
    marks: list[tuple[float, float, str]]


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    description: str = "",
    log_y: bool = False,
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    diagonal: str = "",
) -> Markup:
    """Draws series as lines; long ones are thinned to what can be seen.

    Args:
        series: The lines, at least one.
        title: Heading of the chart.
        x_label: What the horizontal axis shows, with its unit.
        y_label: What the vertical axis shows, with its unit.
        description: What there is to see, in words, for people who do not see it; made from the series if empty.
        log_y: Whether the vertical axis is logarithmic; values that are not above zero become gaps.
        x_limits: Ends of the horizontal axis; None for those of the values.
        y_limits: Ends of the vertical axis; None for those of the values. Not with `log_y`.
        diagonal: Name of a line from corner to corner, for comparison; empty for none.

    Returns:
        A <figure> element.
    """
    ys = [y for each in series for y in each.ys]
    bottom = HEIGHT - _BOTTOM
    if log_y:
        vertical = log_scale(ys, start=bottom, end=_TOP)
    else:
        vertical = linear_scale(ys, start=bottom, end=_TOP, limits=y_limits)
    left = round(26 + text_width(vertical.longest_label), 2)
    xs = [x for each in series for x in each.xs]
    horizontal = linear_scale(xs, start=left, end=WIDTH - _RIGHT, limits=x_limits, whole=True)
    drawn = [
        _drawn(each, style_of(i if each.style is None else each.style - 1), horizontal, vertical)
        for i, each in enumerate(series)
    ]
    values = {
        "title": title,
        "description": description or in_words(series, x_label, y_label),
        "width": WIDTH,
        "height": HEIGHT,
        "left": left,
        "horizontal": horizontal,
        "vertical": vertical,
        "x_label": x_label,
        "y_label": y_label,
        "drawn": drawn,
        "diagonal": diagonal,
    }
    return render("charts/line_chart.html", values)


def in_words(series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Describes lines by their ends and extremes."""
    said = []
    for each in series:
        finite = [(y, x) for x, y in zip(each.xs, each.ys, strict=True) if math.isfinite(y)]
        if finite:
            (low, _), (high, at) = min(finite), max(finite)
            ends = f"from {number(finite[0][0])} to {number(finite[-1][0])}"
            said.append(f"{each.name}: {ends}, lowest {number(low)}, highest {number(high)} at {number(at)}")
        else:
            said.append(f"{each.name}: no values")
    return f"{y_label} over {x_label}. {'; '.join(said)}."


def _drawn(series: Series, style: int, horizontal: Scale, vertical: Scale) -> _Drawn:
    xs, ys = thinned(series.xs, series.ys)
    parts: list[str] = []
    points: list[tuple[float, float, str]] = []
    command = "M"
    for x, y in zip(xs, ys, strict=True):
        if not math.isfinite(y) or (vertical.is_log and y <= 0):
            command = "M"
            continue
        place = (horizontal.place(x), vertical.place(y))
        parts.append(f"{command}{place[0]:g} {place[1]:g}")
        points.append((*place, f"{series.name}: {number(y)} at {number(x, 6)}"))
        command = "L"
    n = len(points)
    marked = range(n) if n <= _FEW_POINTS else sorted({round(k * (n - 1) / (_MARKS - 1)) for k in range(_MARKS)})
    return _Drawn(series.name, style, " ".join(parts), [points[i] for i in marked])
