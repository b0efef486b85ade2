"""Rows of bars, one bar a segment, in the picture of temporal localization.

A class has a row; all further classes share one, and so do the annotated instances, whose bars say their names where
there is room. Lengths on the page are in inches, those of text in points.
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

_ROW, _LANE, _MOST_LANES = 0.34, 0.21, 4  # least height of a row, height of a lane
_NAME, _NAME_SIZE, _LABEL_SIZE = 2.1, 8, 7  # width of the names of rows, at most; sizes of text in points
_LEAST_LETTERS = 8  # of a shortened name; fewer tell nothing
_NARROWEST = 3.0  # points; no character of a score in its size takes less, on average


@dataclass(frozen=True)
class SegmentRow:
    """Bars side by side: of a class, of all further classes, or the annotated instances.

    Attributes:
        name: What is written left of it.
        colour: Of the mark beside the name; None for no mark.
        segments: By start.
        names_bars: Whether its bars say their classes.
    """

    name: str
    colour: str | None
    segments: tuple[PicturedSegment, ...]
    names_bars: bool

    @property
    def lines(self) -> list[str]:
        """The name as it is written."""
        return two_lines(self.name, _NAME * 72, _NAME_SIZE)

    @property
    def name_width(self) -> float:
        """How wide the name is on the page."""
        return max(text_width(line, _NAME_SIZE) for line in self.lines) / 72

    @property
    def lanes(self) -> list[int]:
        """For each segment the lane that it lies in, below those that it overlaps."""
        ends: list[float] = []
        lanes = []
        for segment in self.segments:
            free = [lane for lane, end in enumerate(ends) if end <= segment.start_seconds]
            if not free and len(ends) < _MOST_LANES:
                ends.append(0.0)
                free = [len(ends) - 1]
            lane = free[0] if free else int(np.argmin(ends))  # all taken: bars overlap in the lane that is free first
            ends[lane] = max(ends[lane], segment.end_seconds)
            lanes.append(lane)
        return lanes

    @property
    def height(self) -> float:
        """How high it is on the page."""
        return max(_ROW, _LANE * (max(self.lanes, default=0) + 1) + 0.06)


def segment_rows(picture: LocalizationPicture, colours: Mapping[str, str], n_others: int) -> list[SegmentRow]:
    """Sorts segments into rows.

    Args:
        picture: What is to be drawn.
        colours: Of the classes that have a row, in the order of rows.
        n_others: How many further classes there are.

    Returns:
        The rows from top to bottom.
    """
    found = sorted(picture.segments, key=lambda s: s.start_seconds)
    rows = [
        SegmentRow(name, colour, tuple(s for s in found if s.class_name == name), names_bars=False)
        for name, colour in colours.items()
    ]
    if n_others:
        name = f"{n_others} other class{'es' if n_others > 1 else ''}"
        others = tuple(s for s in found if s.class_name not in colours)
        rows.append(SegmentRow(name, GREY, others, names_bars=True))
    if picture.truth:
        truth = tuple(sorted(picture.truth, key=lambda s: s.start_seconds))
        rows.append(SegmentRow("annotated", None, truth, names_bars=True))
    return rows


def draw_rows(axes: Axes, rows: Sequence[SegmentRow], *, time: TimeAxis, colours: Mapping[str, str]) -> None:
    """Draws the bars and the names of rows.

    Args:
        axes: Where to; its vertical unit becomes an inch. What is horizontal is the caller's.
        rows: From top to bottom.
        time: The time axis of the axes.
        colours: Of classes; all others are grey.
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
    """A bar, whose edge is seen also where it is shorter than a pixel; `label` is matplotlib's.

    Args:
        start: Its left end.
        bottom: Its lower end, or the upper one where the axis points down.
        width: How wide it is.
        height: How high it is.
        colour: Of its edge, and paler inside; None for hatched grey.
        label: What a legend calls it.

    Returns:
        The bar, on no axes yet.
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
    """The bars of a row, with name and score inside them or right of them where there is room."""
    lanes = row.lanes
    lane_height = (row.height - 0.06) / (max(lanes, default=0) + 1)
    points = 72 * time.inches(1.0).item() - 72 * time.inches(0.0).item()  # per second
    following: dict[int, float] = {}  # by lane, where the next bar starts
    for segment, lane in zip(reversed(row.segments), reversed(lanes), strict=True):
        start, end = segment.start_seconds, segment.end_seconds
        bottom = top + 0.03 + (lane + 0.06) * lane_height
        colour = None if segment.suppressed else colours.get(segment.class_name, GREY)
        bar = segment_bar(start, bottom, end - start, 0.88 * lane_height, colour, "segment")
        bar.set_zorder(1 + start / time.end_seconds)  # where lanes are too few, later bars lie on earlier ones
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
    """The longest label that there is room for, in points, and whether it goes inside; an empty one where none is."""
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
    """Name and score, a name as short as the bar needs it and the score, the score."""
    if name:
        yield f"{name} {score}".strip()
        fitting = shortened(name, inside - text_width(f" {score}", _LABEL_SIZE), _LABEL_SIZE)
        if len(fitting) >= _LEAST_LETTERS:
            yield f"{fitting} {score}".strip()
    yield score
