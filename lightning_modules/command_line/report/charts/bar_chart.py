"""Horizontal bars, with deviations and marks to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.scales import linear_scale, number
from zsar.lightning_modules.command_line.report.charts.series_styles import style_of
from zsar.lightning_modules.command_line.report.charts.text_widths import cut_to_width, text_width
from zsar.lightning_modules.command_line.report.rendering import render

WIDTH = 440
_ROW, _TOP, _BOTTOM, _MOST_NAME = 24, 6, 46, 170


@dataclass(frozen=True)
class Bar:
    """A bar.

    Attributes:
        name: What it stands for.
        value: Its length, at least zero.
        deviation: Standard deviation of the value, drawn as a whisker; None for none.
        reference: A value to compare with, drawn as a mark; None for none.
        style: Number of its colour, from 1.
    """

    name: str
    value: float
    deviation: float | None = None
    reference: float | None = None
    style: int = 1


@dataclass(frozen=True)
class _Drawn:
    bar: Bar
    style: int
    top: float
    name: str
    end: float
    whisker: tuple[float, float] | None
    reference: float | None
    label: str
    label_at: float
    said: str


def bar_chart(
    bars: Sequence[Bar],
    *,
    title: str,
    x_label: str,
    description: str = "",
    reference_name: str = "",
    high: float | None = None,
) -> Markup:
    """Draws horizontal bars from zero, one below the other.

    Args:
        bars: The bars, at least one, from the top.
        title: Heading of the chart.
        x_label: What the axis shows, with its unit.
        description: What there is to see, in words; the values of all bars if empty.
        reference_name: What the marks of `Bar.reference` are, for the legend.
        high: End of the axis; None for the greatest value.

    Returns:
        A <figure> element.
    """
    labels = [_label(bar) for bar in bars]
    left = 10 + max(text_width(cut_to_width(bar.name, _MOST_NAME - 10)) for bar in bars)
    room = 8 + max(text_width(label) for label in labels)
    ends = [0.0, *(bar.value + (bar.deviation or 0) for bar in bars), *(bar.reference or 0 for bar in bars)]
    limits = (0.0, (max(ends) or 1.0) if high is None else high)
    scale = linear_scale(ends, start=left, end=WIDTH - room, limits=limits)
    drawn = []
    for i, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        deviation = bar.deviation or 0
        end = scale.place(bar.value)
        whisker = (scale.place(bar.value - deviation), scale.place(bar.value + deviation)) if deviation else None
        mark = None if bar.reference is None else scale.place(bar.reference)
        against = "" if bar.reference is None else f", {reference_name}: {number(bar.reference)}"
        label_at = max(end, whisker[1] if whisker else 0, mark or 0) + 7
        name, style = cut_to_width(bar.name, _MOST_NAME - 10), style_of(bar.style - 1)
        said = f"{bar.name}: {label}{against}"
        drawn.append(_Drawn(bar, style, _TOP + i * _ROW, name, end, whisker, mark, label, label_at, said))
    values = {
        "title": title,
        "description": description or f"{x_label}. {'; '.join(each.said for each in drawn)}.",
        "width": WIDTH,
        "height": _TOP + len(bars) * _ROW + _BOTTOM,
        "bottom": _TOP + len(bars) * _ROW + 4,
        "row": _ROW,
        "left": left,
        "scale": scale,
        "x_label": x_label,
        "drawn": drawn,
        "reference_name": reference_name if any(bar.reference is not None for bar in bars) else "",
    }
    return render("charts/bar_chart.html", values)


def _label(bar: Bar) -> str:
    return f"{bar.value:.1f}" if bar.deviation is None else f"{bar.value:.1f} ± {bar.deviation:.1f}"
