"""Pages in inches, and maps on one scale."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from zsar.callbacks.pictures.page import Page, bare_map, same_scale


def test_a_page_is_as_high_as_its_parts_and_its_text() -> None:
    short, long = (Page(5, 4, title="t", lines=["a line"] * n).figure.get_size_inches() for n in (1, 3))
    assert short[0] == long[0] == 5
    assert long[1] - short[1] == pytest.approx(0.4)


def test_parts_are_placed_from_the_upper_left_corner() -> None:
    page = Page(10, 5, title="t", lines=())
    height = page.figure.get_size_inches()[1]
    box = page.axes(2, 1, 3, 2).get_position()
    assert (box.x0 * 10, box.width * 10) == (pytest.approx(2), pytest.approx(3))
    assert ((1 - box.y1) * height, box.height * height) == (pytest.approx(1), pytest.approx(2))


def test_text_is_literal_and_cut_to_the_page() -> None:
    page = Page(3, 1, title="$x$ " * 40, lines=())
    (title,) = page.figure.texts
    assert title.get_text().startswith("$x$")
    assert "…" in title.get_text()
    assert not title.get_parse_math()


def test_maps_of_one_scale_are_each_about_their_middle() -> None:
    figure = Figure()
    maps = [figure.add_axes((0, 0, 0.5, 1)), figure.add_axes((0.5, 0, 0.5, 1))]
    for axes in maps:
        bare_map(axes)
    same_scale(maps, [np.array([[0.0, 0.0], [1.0, 0.5]]), np.array([[10.0, 10.0], [14.0, 10.0]])])
    widths = [np.ptp(axes.get_xlim()) for axes in maps]
    assert widths[0] == pytest.approx(widths[1])
    assert widths[0] > 4
    assert [np.mean(axes.get_xlim()) for axes in maps] == [pytest.approx(0.5), pytest.approx(12)]


def test_a_single_point_has_a_scale() -> None:
    axes = Figure().add_axes((0, 0, 1, 1))
    bare_map(axes)
    same_scale([axes], [np.ones((1, 2))])
    assert np.ptp(axes.get_xlim()) > 0
