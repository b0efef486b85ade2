from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from tests.makers.results.localization_pictures import LETTERS, LONG, axes_of, bars, picture, words
from zsar.callbacks.pictures.localization import segment_rows as module
from zsar.callbacks.pictures.localization.figure import localization_figure
from zsar.callbacks.pictures.localization.picture import PicturedSegment
from zsar.callbacks.pictures.localization.segment_rows import SegmentRow, draw_rows, segment_bar, segment_rows
from zsar.callbacks.pictures.localization.text_fitting import text_width
from zsar.callbacks.pictures.localization.time_axis import TimeAxis

BLUE = to_rgb("#0072B2")
AXIS = TimeAxis(10.0, 10.12)  # an inch is a second


def drawn(row: SegmentRow) -> Axes:
    """A row on a page where a second is an inch."""
    figure = Figure(figsize=(10.12, row.height))
    axes = figure.add_axes((0, 0, 1, 1))
    draw_rows(axes, [row], time=AXIS, colours={"surf": "#0072B2"})
    axes.set_xlim(*AXIS.limits)
    return axes


def labels(*segments: PicturedSegment, named: bool = True) -> list[tuple[str, str]]:
    """What is written in and beside bars, from the left, and how it is aligned."""
    axes = drawn(SegmentRow("row", None, segments, named))
    found = [(text.xy[0], text) for text in axes.texts if hasattr(text, "xy")]  # the name of the row has no place
    return [(text.get_text(), text.get_horizontalalignment()) for _, text in sorted(found, key=lambda pair: pair[0])]


# --- rows -------------------------------------------------------------------------------------------------------------


def test_a_row_has_the_segments_of_its_class_by_start_and_others_and_truth_come_last() -> None:
    late, early, other = (PicturedSegment(s, s + 1, n, 0.5) for s, n in ((5, "surf"), (1, "surf"), (3, "chess")))
    truth = (PicturedSegment(4, 5, "surf"), PicturedSegment(0, 1, "chess"))
    rows = segment_rows(picture(segments=(late, early, other), truth=truth), {"surf": "#0072B2"}, 1)
    assert [(row.name, row.names_bars) for row in rows] == [
        ("surf", False),
        ("1 other class", True),
        ("annotated", True),
    ]
    assert [row.segments for row in rows] == [(early, late), (other,), (truth[1], truth[0])]
    assert [row.colour for row in rows] == ["#0072B2", "#767676", None]


def test_overlapping_segments_lie_in_lanes_of_which_there_are_four_at_most() -> None:
    def row(*times: tuple[float, float]) -> SegmentRow:
        return SegmentRow("row", None, tuple(PicturedSegment(s, e, "surf") for s, e in times), False)

    assert row().lanes == []
    assert row((0, 5), (1, 3), (3, 9), (5, 6)).lanes == [0, 1, 1, 0]
    crowded = row((0, 9), (0, 8), (0, 3), (0, 7), (1, 2), (2, 9))
    assert crowded.lanes == [0, 1, 2, 3, 2, 2]  # the lane that is free first
    assert row((0, 1)).height == row().height == pytest.approx(0.34)
    assert crowded.height == pytest.approx(4 * 0.21 + 0.06)


def test_the_width_of_a_name_is_that_of_its_longer_line() -> None:
    row = SegmentRow(LONG, None, (), False)
    assert row.lines == ["performing a complicated", "gymnastics routine on parallel bars"]
    assert row.name_width == pytest.approx(text_width(row.lines[1], 8) / 72)
    assert row.name_width <= 2.1


def test_only_a_bar_without_a_colour_is_hatched_grey() -> None:
    blue, grey = (segment_bar(1, 2, 3, 4, colour, "a bar") for colour in ("#0072B2", None))
    assert (blue.get_xy(), blue.get_width(), blue.get_height()) == ((1, 2), 3, 4)
    assert [bool(bar.get_hatch()) for bar in (blue, grey)] == [False, True]
    assert [to_hex(bar.get_edgecolor()) for bar in (blue, grey)] == ["#0072b2", "#767676"]


# --- labels of bars ---------------------------------------------------------------------------------------------------


def test_a_label_goes_inside_its_bar_or_else_beside_it_or_else_nowhere() -> None:
    assert labels(PicturedSegment(1, 4, "surf", 0.5)) == [("surf 0.50", "center")]
    assert labels(PicturedSegment(1, 1.1, "surf", 0.5)) == [("surf 0.50", "left")]
    crowded = (PicturedSegment(1, 1.1, "surf", 0.5), PicturedSegment(1.2, 4, "surf", 0.75))
    assert labels(*crowded) == [("surf 0.75", "center")]


def test_where_a_name_is_too_long_it_is_shortened_and_where_it_says_too_little_left_out() -> None:
    def first_of_two(end: float) -> str:
        """The next bar begins where the first one ends, so that nothing fits beside it."""
        (text, _), _ = labels(PicturedSegment(0, end, LONG, 0.5), PicturedSegment(end, 10, LONG, 0.25))
        return text

    assert first_of_two(5.0) == f"{LONG} 0.50"
    name, score = first_of_two(2.0).split(" 0.5")
    assert (name[:7], "…" in name, score) == ("perform", True, "0")
    assert first_of_two(0.5) == "0.50"


def test_without_a_score_the_name_stands_alone_and_unnamed_bars_say_their_scores_alone() -> None:
    assert labels(PicturedSegment(1, 4, "high\njump")) == [("high jump", "center")]
    assert labels(PicturedSegment(1, 4, "surf", 0.5), named=False) == [("0.50", "center")]
    assert labels(PicturedSegment(1, 4, "surf"), named=False) == []


def test_text_of_bars_that_have_no_room_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measuring(text: str, size: float) -> float:
        measured.append(text)
        return text_width(text, size)

    monkeypatch.setattr(module, "text_width", measuring)
    tight = tuple(PicturedSegment(i / 100, (i + 0.9) / 100, "surf", 0.5) for i in range(900))
    assert labels(*tight) == [("surf 0.50", "left")]  # right of the last
    assert measured == ["surf 0.50"]


@pytest.mark.parametrize("score", [0.0, 0.11, 0.57, 1.0, -0.11])
def test_a_score_that_just_fits_is_written(score: float) -> None:
    width = text_width(f"{score:.2f}", 7)
    assert width > 3 * len(f"{score:.2f}")  # what is less is not measured
    for room, written in ((width + 0.1, True), (width - 0.1, False)):
        end = (room + 2) / 72
        first = PicturedSegment(0, end, "surf", score)
        found = labels(first, PicturedSegment(end, 10, "surf"), named=False)
        assert found == ([(f"{score:.2f}", "center")] if written else [])


def test_a_bar_that_another_one_soon_covers_has_no_label() -> None:
    four = tuple(PicturedSegment(0, 9, "surf", 0.5) for _ in range(4))
    fifth = PicturedSegment(0.2, 9, "surf", 0.75)  # there is no fifth lane
    assert [label for label, _ in labels(*four, fifth, named=False)] == ["0.50"] * 3 + ["0.75"]


# --- in the figure ----------------------------------------------------------------------------------------------------


def test_annotated_instances_have_a_row_where_there_are_any_and_overlapping_ones_a_lane_each() -> None:
    truth = (PicturedSegment(1, 6, "dive"), PicturedSegment(2, 6, "cliff dive"), PicturedSegment(6, 9, "dive"))
    figure = localization_figure(picture(truth=truth))
    first, second, third = bars(figure)
    assert first.get_y() + first.get_height() < second.get_y()
    assert third.get_y() == first.get_y()
    assert first.get_edgecolor() == third.get_edgecolor() != second.get_edgecolor()
    assert words(figure).count("dive") == 3  # its own row and two bars
    assert "annotated" in words(figure)
    assert "annotated" not in words(localization_figure(picture()))


def test_where_lanes_are_too_few_a_bar_within_another_lies_on_it() -> None:
    segments = tuple(PicturedSegment(i, 10 - i, "surf", 0.5) for i in range(5))
    outer, inner = bars(localization_figure(picture(segments=segments)))[3:]
    assert inner.get_y() == outer.get_y()
    assert inner.get_zorder() > outer.get_zorder()


def test_beyond_eight_classes_the_best_have_rows_and_the_rest_share_one_that_names_them() -> None:
    names = tuple(f"class {i}" for i in range(11))
    segments = tuple(PicturedSegment(i, i + 0.9, names[i], i / 11) for i in range(10))
    figure = localization_figure(picture(names=names, segments=segments))
    said = words(figure)
    assert [name for name in names if name in said] == [f"class {i}" for i in range(2, 10)]
    assert "3 other classes" in said
    assert "class 1 0.09" in said
    assert "score of another class" in said
    grey = bars(figure)[:2]
    assert grey[0].get_y() == grey[1].get_y() > max(bar.get_y() for bar in bars(figure)[2:])


def test_a_long_name_is_broken_at_a_space_or_loses_its_middle() -> None:
    figure = localization_figure(picture(names=(LONG, LETTERS, f"{LONG} {LONG}")))
    said = words(figure)
    whole, cut = [text.replace("\n", " ") for text in said if text.startswith("performing")]
    assert whole == LONG
    assert cut.count("…") == 2
    assert axes_of(figure, "rows").get_position().width * 12 > 9
    (shortened,) = [text for text in said if text.startswith("ABCD")]
    start, end = shortened.split("…")
    assert LETTERS.startswith(start)
    assert LETTERS.endswith(end)
    assert abs(len(start) - len(end)) <= 1
    assert len(shortened) > 15


def test_a_segment_far_shorter_than_a_pixel_is_seen() -> None:
    figure = localization_figure(picture(duration=10800.0, segments=(PicturedSegment(5400, 5400.04, "surf", 0.5),)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    (bar,) = bars(figure)
    place = bar.get_window_extent()
    row, column = canvas.get_width_height()[1] - int((place.y0 + place.y1) / 2), int(place.x0)
    page = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    pixels = page[row, column - 1 : column + 3, :3] / 255
    assert place.width < 0.01
    assert np.abs(pixels - BLUE).max(axis=1).min() < 0.35
