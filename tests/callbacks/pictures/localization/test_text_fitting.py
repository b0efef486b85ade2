from __future__ import annotations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tests.makers.results.localization_pictures import LETTERS, LONG
from zsar.callbacks.pictures.localization.text_fitting import one_line, shortened, text_width, two_lines


def drawn_width(text: str, size: float, *, bold: bool) -> float:
    """How wide matplotlib draws a line, in points."""
    figure = Figure(dpi=72)
    FigureCanvasAgg(figure)
    weight = "bold" if bold else "normal"
    artist = figure.text(0, 0, text, fontsize=size, fontweight=weight, parse_math=False)
    return artist.get_window_extent().width


@pytest.mark.parametrize("text", [LONG, "0.57", r"$\broken$", "iiii", "WWWW"])
@pytest.mark.parametrize("bold", [False, True])
def test_a_line_is_drawn_no_wider_than_its_width_and_not_much_narrower(text: str, bold: bool) -> None:
    drawn, width = drawn_width(text, 8, bold=bold), text_width(text, 8, bold=bold)
    assert drawn <= width + 0.5  # drawn widths are whole pixels
    assert drawn >= 0.85 * width - 1


def test_white_space_becomes_one_space() -> None:
    assert one_line("  high\n\tjump ") == "high jump"


def test_what_fits_is_not_shortened() -> None:
    assert shortened("high\njump", text_width("high jump", 8), 8) == "high jump"


@pytest.mark.parametrize("points", [20, 60, 100, 200])
def test_what_is_too_long_loses_its_middle_and_no_more_than_it_must(points: float) -> None:
    fitting = shortened(LETTERS, points, 8)
    start, end = fitting.split("…")
    assert LETTERS.startswith(start)
    assert LETTERS.endswith(end)
    assert len(start) - len(end) in (0, 1)
    assert text_width(fitting, 8) <= points
    assert text_width(fitting, 8) > points - 3 * text_width("W", 8)


def test_bold_text_keeps_fewer_letters() -> None:
    assert len(shortened(LETTERS, 100, 8, bold=True)) < len(shortened(LETTERS, 100, 8))


@pytest.mark.parametrize("points", [0.0, -5.0, 0.1])
def test_where_there_is_room_for_no_letter_there_is_an_ellipsis(points: float) -> None:
    assert shortened(LONG, points, 8) == "…"


def test_what_fits_on_one_line_is_not_broken() -> None:
    assert two_lines("high jump", 200, 8) == ["high jump"]


def test_a_long_line_is_broken_at_the_space_nearest_to_its_middle() -> None:
    lines = two_lines(LONG, 200, 8)
    assert lines == ["performing a complicated", "gymnastics routine on parallel bars"]


def test_without_a_space_a_long_line_loses_its_middle() -> None:
    assert two_lines(LETTERS, 100, 8) == [shortened(LETTERS, 100, 8)]


def test_each_of_two_lines_that_are_too_long_loses_its_middle() -> None:
    lines = two_lines(f"{LETTERS} {LETTERS}", 100, 8)
    assert lines == [shortened(LETTERS, 100, 8)] * 2
