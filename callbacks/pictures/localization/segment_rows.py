"""Rows of bars, one bar per segment, in the picture of temporal localization.

Each class has a row; all further classes share one, and so do the annotated instances; shared rows show class names on
their bars if there is room. Lengths on the page are in inches, those of text in points.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from zsar.callbacks.pictures.localization.class_colours import GREY, mixed
from zsar.callbacks.pictures.localization.picture import LocalizationPicture, PicturedSegment
from zsar.callbacks.pictures.localization.text_fitting import one_line, shortened, text_width, two_lines
from zsar.callbacks.pictures.localization.time_axis import BESIDE, TimeAxis

_ROW, _LANE, _MOST_LANES = 0.34, 0.21, 4  # minimum height of a row, height of a lane
_NAME, _NAME_SIZE, _LABEL_SIZE = 2.1, 8, 7  # maximum width of row names; text sizes in points
_LEAST_LETTERS = 8  # of a shortened name; fewer are not readable
_NARROWEST = 3.0  # points; minimum average width of a score's characters


@dataclass(frozen=True)
class SegmentRow:
    """A row of bars: one class, all further classes, or the annotated instances.

    Attributes:
        name: Label to its left.
        colour: Colour of the mark next to the name; None for no mark.
        segments: Segments sorted by start.
        names_bars: Whether its bars show class names.
    """

    name: str
    colour: str | None
    segments: tuple[PicturedSegment, ...]
    names_bars: bool

    @property
    def lines(self) -> list[str]:
        """The displayed name."""
        return two_lines(self.name, _NAME * 72, _NAME_SIZE)

    @property
    def name_width(self) -> float:
        """Width of the name on the page."""
        return max(text_width(line, _NAME_SIZE) for line in self.lines) / 72

    @property
    def lanes(self) -> list[int]:
        """The lane of each segment, below segments that it overlaps."""
        ends: list[float] = []
        lanes = []
        for segment in self.segments:
            free = [lane for lane, end in enumerate(ends) if end <= segment.start_seconds]
            if not free and len(ends) < _MOST_LANES:
                ends.append(0.0)
                free = [len(ends) - 1]
            lane = free[0] if free else int(np.argmin(ends))  # all taken: bars overlap in the lane that ends first
            ends[lane] = max(ends[lane], segment.end_seconds)
            lanes.append(lane)
        return lanes

    @property
    def height(self) -> float:
        """Height on the page."""
        return max(_ROW, _LANE * (max(self.lanes, default=0) + 1) + 0.06)


def segment_rows(picture: LocalizationPicture, colours: Mapping[str, str], n_others: int) -> list[SegmentRow]:
    """Sorts segments into rows.

    Args:
        picture: The picture to draw.
        colours: Colours of the classes with a row, in the order of rows.
        n_others: Number of further classes.

    Returns:
        The rows from top to bottom.
    """
    segments = sorted(picture.segments, key=lambda s: s.start_seconds)
    rows = [
        SegmentRow(name, colour, tuple(s for s in segments if s.class_name == name), names_bars=False)
        for name, colour in colours.items()
    ]
    if n_others:
        name = f"{n_others} other class{'es' if n_others > 1 else ''}"
        others = tuple(s for s in segments if s.class_name not in colours)
        rows.append(SegmentRow(name, GREY, others, names_bars=True))
    if picture.truth:
        truth = tuple(sorted(picture.truth, key=lambda s: s.start_seconds))
        rows.append(SegmentRow("annotated", None, truth, names_bars=True))
    return rows


def draw_rows(axes: Axes, rows: Sequence[SegmentRow], *, time: TimeAxis, colours: Mapping[str, str]) -> None:
    """Draws bars and names of rows.

    Args:
        axes: Target axes; one vertical unit is one inch. The caller sets the x-axis.
        rows: Rows from top to bottom.
        time: The time axis of the axes.
        colours: Colours of classes; all others are grey.
    """
    top = 0.0
    from_left = axes.get_yaxis_transform()
    for index, row in enumerate(rows):
        bottom = top + row.height
        axes.axhspan(top, bottom, color="white" if index % 2 else "#F4F4F4", linewidth=0, zorder=0)
        middle = (top + bottom) / 2
        name = axes.text(-BESIDE / time.width, middle, "\n".join(row.lines), transform=from_left, fontsize=_NAME_SIZE)
        name.set(ha="right", va="center", parse_math=False)
        if row.colour:
            mark = (-(BESIDE - 0.06) / time.width, top + 0.07)
            size = (0.1 / time.width, row.height - 0.14)
            axes.add_patch(Rectangle(mark, *size, color=row.colour, transform=from_left, clip_on=False))
        if not row.segments:
            axes.text(0.01, middle, "no segment", transform=from_left, va="center", fontsize=7, color="dimgray")
        _draw_bars(axes, row, top, time, colours)
        top = bottom
    axes.set_ylim(top, 0)
    axes.set_yticks([])


def segment_bar(start: float, bottom: float, width: float, height: float, colour: str | None, label: str) -> Rectangle:
    """A bar whose edge is visible even if it is narrower than a pixel.

    Args:
        start: Left end.
        bottom: Lower end, or upper end if the axis points down.
        width: Width of the bar.
        height: Height of the bar.
        colour: Colour of the edge, paler inside; None for hatched grey.
        label: Label in a legend.

    Returns:
        The bar, not yet added to axes.
    """
    face = mixed(colour, "white", 0.65) if colour else "#E8E8E8"
    hatch = None if colour else "////"
    return Rectangle(
        (start, bottom),
        width,
        height,
        facecolor=face,
        edgecolor=colour or GREY,
        hatch=hatch,
        linewidth=0.9,
        label=label,
    )


def _draw_bars(axes: Axes, row: SegmentRow, top: float, time: TimeAxis, colours: Mapping[str, str]) -> None:
    """Draws the bars of a row, with name and score inside or to the right if there is room."""
    lanes = row.lanes
    lane_height = (row.height - 0.06) / (max(lanes, default=0) + 1)
    points = 72 * time.inches(1.0).item() - 72 * time.inches(0.0).item()  # per second
    following: dict[int, float] = {}  # start of the next bar, by lane
    for segment, lane in zip(reversed(row.segments), reversed(lanes), strict=True):
        start, end = segment.start_seconds, segment.end_seconds
        bottom = top + 0.03 + (lane + 0.06) * lane_height
        colour = None if segment.suppressed else colours.get(segment.class_name, GREY)
        bar = segment_bar(start, bottom, end - start, 0.88 * lane_height, colour, "segment")
        bar.set_zorder(1 + start / time.end_seconds)  # if lanes are too few, later bars cover earlier ones
        axes.add_artist(bar)
        limit = following.get(lane, time.end_seconds)
        following[lane] = start
        inside, beside = (min(end, limit) - start) * points - 2, (limit - end) * points - 6
        label, fits = _bar_label(segment, row.names_bars, inside, beside)
        if not label:
            continue
        axes.annotate(
            label,
            ((start + min(end, limit)) / 2 if fits else end, bottom + 0.44 * lane_height),
            xytext=(0 if fits else 3, 0),
            textcoords="offset points",
            ha="center" if fits else "left",
            va="center_baseline",
            fontsize=_LABEL_SIZE,
            parse_math=False,
            bbox={"boxstyle": "square,pad=0.1", "color": "white", "linewidth": 0} if fits and not colour else None,
        )


def _bar_label(segment: PicturedSegment, named: bool, inside: float, beside: float) -> tuple[str, bool]:
    """The longest label that fits, in points, and whether it goes inside; empty if none fits."""
    score = "" if segment.score is None else f"{segment.score:.2f}"
    if max(inside, beside) <= _NARROWEST * len(score):  # measuring the text of thousands of bars takes many seconds
        return "", False
    for label in _labels(one_line(segment.class_name) if named else "", score, inside):
        width = text_width(label, _LABEL_SIZE)
        for room, fits in ((inside, True), (beside, False)):
            if width <= room:
                return label, fits
    return "", False


def _labels(name: str, score: str, inside: float) -> Iterator[str]:
    """Yields name and score, shortened name and score, then the score alone."""
    if name:
        yield f"{name} {score}".strip()
        fitting = shortened(name, inside - text_width(f" {score}", _LABEL_SIZE), _LABEL_SIZE)
        if len(fitting) >= _LEAST_LETTERS:
            yield f"{fitting} {score}".strip()
    yield score
