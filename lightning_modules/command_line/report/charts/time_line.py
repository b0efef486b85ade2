"""Time line of a video: curves over seconds, and rows of annotated and found segments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.scales import Scale, clock, linear_scale, number
from zsar.lightning_modules.command_line.report.charts.series_styles import style_of
from zsar.lightning_modules.command_line.report.charts.text_widths import cut_to_width, text_width
from zsar.lightning_modules.command_line.report.charts.thinned_points import thinned
from zsar.lightning_modules.command_line.report.rendering import render

WIDTH = 720
_LANE, _ROW_GAP, _CURVE, _TOP, _RIGHT, _BOTTOM, _MOST_NAME = 13.0, 9.0, 80.0, 8.0, 14.0, 24.0, 190.0
_NARROWEST = 1.5  # so that a short action is seen
Kind = Literal["annotated", "found", "suppressed"]


@dataclass(frozen=True)
class Span:
    """A stretch of time.

    Attributes:
        start_seconds: Its start.
        end_seconds: Its end.
        kind: Whether it is annotated, found, or found and taken back.
        note: What it says when pointed at, beside its times.
    """

    start_seconds: float
    end_seconds: float
    kind: Kind
    note: str = ""


@dataclass(frozen=True)
class TimeRow:
    """The spans of a class; those that overlap are drawn below each other.

    Attributes:
        name: What stands before them.
        spans: In any order.
        is_part: Whether the row belongs to the class of a row above it, so that its name is less prominent.
    """

    name: str
    spans: Sequence[Span]
    is_part: bool = False


@dataclass(frozen=True)
class Curve:
    """Scores over time: seconds, ascending, and as many values; NaN for a gap."""

    name: str
    seconds: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class _Bar:
    x: float
    y: float
    width: float
    kind: Kind
    note: str


@dataclass(frozen=True)
class _DrawnRow:
    name: str
    full: str
    y: float
    bars: list[_Bar]
    is_part: bool


def time_line(
    rows: Sequence[TimeRow], *, duration_seconds: float, title: str, description: str = "", curves: Sequence[Curve] = ()
) -> Markup:
    """Draws what happens when in a video.

    Args:
        rows: Classes with their segments, from the top.
        duration_seconds: Duration of the video, above zero.
        title: Heading of the chart.
        description: What there is to see, in words; the segments if empty.
        curves: Scores over time, drawn above the rows on one scale.

    Returns:
        A <figure> element, which scrolls in its own box where it is wider than the screen.
    """
    shortened = [cut_to_width(row.name, _MOST_NAME) for row in rows]
    left = 14 + max((text_width(name) for name in shortened), default=30)
    scale = linear_scale((), start=left, end=WIDTH - _RIGHT, limits=(0.0, duration_seconds), n_ticks=8, seconds=True)
    y = _TOP + (_CURVE + 10 if curves else 0)
    drawn = []
    for row, name in zip(rows, shortened, strict=True):
        bars, n_lanes = _bars(row, scale, y)
        drawn.append(_DrawnRow(name, row.name, y + _LANE / 2 + 4, bars, row.is_part))
        y += n_lanes * _LANE + _ROW_GAP
    scores = [value for curve in curves for value in curve.values]
    vertical = linear_scale(scores, start=_TOP + _CURVE, end=_TOP, n_ticks=2)
    kinds = [
        kind for kind in ("annotated", "found", "suppressed") if any(b.kind == kind for r in drawn for b in r.bars)
    ]
    values = {
        "title": title,
        "description": description or _in_words(rows, duration_seconds),
        "width": WIDTH,
        "height": round(y + _BOTTOM + 14, 1),
        "left": left,
        "bottom": round(y, 1),
        "lane": _LANE,
        "scale": scale,
        "vertical": vertical if curves else None,
        "curves": [(curve.name, style_of(i), _path(curve, scale, vertical)) for i, curve in enumerate(curves)],
        "rows": drawn,
        "kinds": kinds,
        "x_label": "minutes:seconds" if duration_seconds >= 60 else "seconds",
    }
    return render("charts/time_line.html", values)


def _bars(row: TimeRow, scale: Scale, top: float) -> tuple[list[_Bar], int]:
    """Places the spans of a row into lanes, so that none covers another; and how many lanes these are."""
    ends: list[float] = []
    bars = []
    for span in sorted(row.spans, key=lambda each: (each.start_seconds, each.end_seconds)):
        x, end = scale.place(span.start_seconds), scale.place(span.end_seconds)
        end = max(end, x + _NARROWEST)
        lane = next((i for i, taken in enumerate(ends) if taken <= x), len(ends))
        ends[lane : lane + 1] = [end]
        times = f"{_time(span.start_seconds)} to {_time(span.end_seconds)}"
        note = f"{row.name}, {times}{', ' if span.note else ''}{span.note}"
        bars.append(_Bar(x, round(top + lane * _LANE, 1), round(end - x, 2), span.kind, note))
    return bars, max(len(ends), 1)


def _path(curve: Curve, scale: Scale, vertical: Scale) -> str:
    parts, command = [], "M"
    for x, y in zip(*thinned(curve.seconds, curve.values), strict=True):
        if not math.isfinite(y):
            command = "M"
            continue
        parts.append(f"{command}{scale.place(x):g} {vertical.place(y):g}")
        command = "L"
    return " ".join(parts)


def _time(seconds: float) -> str:
    return clock(seconds) if seconds >= 60 else f"{number(round(seconds, 1))} s"


def _in_words(rows: Sequence[TimeRow], duration_seconds: float) -> str:
    said = []
    for row in rows:
        spans = [f"{_time(span.start_seconds)} to {_time(span.end_seconds)} ({span.kind})" for span in row.spans]
        said.append(f"{row.name}: {', '.join(spans) or 'nothing'}")
    return f"Segments in {_time(duration_seconds)} of video. {'; '.join(said)}."
