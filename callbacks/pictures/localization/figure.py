"""The picture of temporal localization: score curves, segments by class, true instances and frames, on one time axis.

At most eight classes have a row and a colour, with priority to those of the best kept segments, then annotated ones,
then other curves'. All further classes share one grey row, whose bars show their names if there is room. Lengths on the
page are in inches. Curves have all their points; matplotlib draws the visible ones (`path.simplify`).
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from zsar.callbacks.pictures.localization.class_colours import GREY, class_colours, mixed
from zsar.callbacks.pictures.localization.picture import LocalizationPicture, as_floats, check_picture
from zsar.callbacks.pictures.localization.segment_rows import draw_rows, segment_bar, segment_rows
from zsar.callbacks.pictures.localization.text_fitting import shortened
from zsar.callbacks.pictures.localization.thumbnail_strip import draw_thumbnails, thumbnail_strip
from zsar.callbacks.pictures.localization.time_axis import BESIDE, TimeAxis, draw_time

_WIDTH, _LEAST_HEIGHT, _EDGE = 12.0, 6.0, 0.3
_TOP, _GAP, _TIME_LABELS = 0.86, 0.08, 0.3  # title and legend, below the curves, below the rows
_LEAST_CURVE, _LEAST_NAME = 1.7, 1.05  # height of the curves, width of the names of rows
_DARK = "#444444"  # of all classes in the legend


def localization_figure(picture: LocalizationPicture) -> Figure:
    """Draws the localization of a video.

    Args:
        picture: The picture to draw.

    Returns:
        The figure, 12 in wide and 6 in high, or higher for many classes or overlapping segments: curves with
        their thresholds (dashed) and segments (shaded), a row of bars for each class, a row of annotated instances
        if there are any, and frames below their times. If not all frames fit, evenly spread ones are shown, labelled
        with their number and the total. Its axes are labelled "curves", "rows" and "thumbnails".

    Raises:
        ValueError: Shapes that do not match, times outside the video, scores or thresholds outside 0..1.
    """
    check_picture(picture)
    colours, n_others = class_colours(picture)
    rows = segment_rows(picture, colours, n_others)
    left = _EDGE + BESIDE + max(_LEAST_NAME, *(row.name_width for row in rows))
    time = TimeAxis(picture.last_moment_seconds, _WIDTH - left - _EDGE)
    rows_height, strip = sum(row.height for row in rows), thumbnail_strip(picture, time)
    rest = _TOP + _GAP + rows_height + _TIME_LABELS + (strip.height if strip else 0.0) + 0.1
    height = max(_LEAST_HEIGHT, rest + _LEAST_CURVE)
    figure = Figure(figsize=(_WIDTH, height))

    def place(name: str, top: float, inches: float) -> Axes:
        box = (left / _WIDTH, 1 - (top + inches) / height, time.width / _WIDTH, inches / height)
        return figure.add_axes(box, label=name)

    curve_axes = place("curves", _TOP, height - rest)
    row_axes = place("rows", _TOP + height - rest + _GAP, rows_height)
    _draw_heading(figure, picture)
    _draw_legend(figure, picture, colours, n_others, time)
    _draw_curves(curve_axes, picture, colours)
    draw_rows(row_axes, rows, time=time, colours=colours)
    draw_time(curve_axes, time, duration_seconds=picture.duration_seconds, labelled=False)
    draw_time(row_axes, time, duration_seconds=picture.duration_seconds, labelled=True)
    if strip:
        strip_axes = place("thumbnails", height - strip.height - 0.1, strip.height)
        draw_thumbnails(strip_axes, picture, time=time, strip=strip)
    return figure


def _draw_heading(figure: Figure, picture: LocalizationPicture) -> None:
    """Draws the title, and counts below it."""
    height = figure.get_size_inches()[1]
    n, n_suppressed = len(picture.times_seconds), sum(s.suppressed for s in picture.segments)
    counts = f"frames scored: {n}, segments kept: {len(picture.segments) - n_suppressed}, suppressed: {n_suppressed}"
    counts += f", annotated: {len(picture.truth)}" if picture.truth else ""
    title = shortened(picture.title, (_WIDTH - 2 * _EDGE) * 72, 12, bold=True)
    figure.text(_EDGE / _WIDTH, 1 - 0.1 / height, title, fontsize=12, fontweight="bold", va="top", parse_math=False)
    figure.text(_EDGE / _WIDTH, 1 - 0.38 / height, counts, fontsize=8.5, color="dimgray", va="top")


def _draw_legend(
    figure: Figure, picture: LocalizationPicture, colours: Mapping[str, str], n_others: int, time: TimeAxis
) -> None:
    """Draws the legend of lines and boxes; the rows show the colours of classes."""
    first, lone = picture.curves[0], len(picture.curves) == 1
    threshold = f"threshold {first.threshold:.2f}" if lone else "threshold"
    colour = colours.get(first.class_name, GREY) if lone else _DARK
    entries: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linewidth=1.3, label="score"),
        Line2D([], [], color=mixed(colour, "black"), linewidth=1, linestyle="--", label=threshold),
        segment_bar(0, 0, 0, 0, colour if len(colours) == 1 else _DARK, "segment"),
    ]
    if any(segment.suppressed for segment in picture.segments):
        entries.append(segment_bar(0, 0, 0, 0, None, "suppressed segment"))
    if n_others:
        entries.append(Line2D([], [], color=GREY, linewidth=0.5, label="score of another class"))
    if time.overhangs(picture.duration_seconds):
        entries.append(Line2D([], [], color="black", linewidth=1, linestyle=":", label="end of the video"))
    height = figure.get_size_inches()[1]
    figure.legend(
        handles=entries,
        loc="lower left",
        bbox_to_anchor=(1 - (time.width + _EDGE) / _WIDTH, 1 - (_TOP - 0.05) / height),
        ncols=len(entries),
        fontsize=8,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
    )


def _draw_curves(axes: Axes, picture: LocalizationPicture, colours: Mapping[str, str]) -> None:
    """Draws scores over time, with shaded segments."""
    for segment in picture.segments:
        colour = GREY if segment.suppressed else colours.get(segment.class_name, GREY)
        face, hatch, alpha = ("none", "///", 0.4) if segment.suppressed else (colour, None, 0.15)
        corner, width = (segment.start_seconds, 0), segment.end_seconds - segment.start_seconds
        span = Rectangle(corner, width, 1, facecolor=face, edgecolor=colour, hatch=hatch, linewidth=0.6, alpha=alpha)
        span.set(zorder=1, label="segment", transform=axes.get_xaxis_transform())
        axes.add_artist(span)  # `add_patch` would measure it, which is slow for thousands
    for curve in picture.curves:
        named = curve.class_name in colours
        colour = colours.get(curve.class_name, GREY)
        times, scores = as_floats(picture.times_seconds), as_floats(curve.scores)
        marker = "o" if len(times) <= 40 else ""  # a lone frame has no line
        width = (1.3 if len(picture.curves) <= 3 else 0.8) if named else 0.5
        axes.plot(times, scores, color=colour, linewidth=width, marker=marker, markersize=3, zorder=3 if named else 2)
        if named:
            axes.axhline(curve.threshold, color=mixed(colour, "black"), linewidth=1, linestyle="--", zorder=4)
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"], fontsize=8)
    axes.set_ylabel("score", fontsize=8)
