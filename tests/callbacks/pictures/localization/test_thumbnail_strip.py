from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.makers.results.localization_pictures import axes_of, picture, points, words
from zsar.callbacks.pictures.localization.figure import localization_figure
from zsar.callbacks.pictures.localization.thumbnail_strip import side_by_side, thumbnail_strip
from zsar.callbacks.pictures.localization.time_axis import TimeAxis


def test_as_many_frames_are_shown_as_fit_as_large_as_they_fit() -> None:
    axis = TimeAxis(10.0, 9.0)
    few, many = (thumbnail_strip(picture(n_frames=n), axis) for n in (3, 40))
    assert few is not None
    assert many is not None
    assert (few.n_shown, many.n_shown) == (3, 8)  # eight of 1 in, 0.08 in apart, are 8.56 in wide
    assert few.frame_width == pytest.approx(0.9 * 16 / 9)
    assert (few.frame_height, many.frame_width) == pytest.approx((0.9, 1.0))
    assert few.height == pytest.approx(0.9 + 0.5)
    assert thumbnail_strip(picture(n_frames=0), axis) is None


def test_frames_with_room_lie_where_they_should_and_others_share_the_move() -> None:
    np.testing.assert_allclose(side_by_side(np.asarray([2.0, 5.0]), 1.0, 10.0), [2, 5])
    np.testing.assert_allclose(side_by_side(np.asarray([3.0, 3.0]), 1.0, 10.0), [2.5, 3.5])
    np.testing.assert_allclose(side_by_side(np.asarray([3.0, 3.0, 3.0, 8.0]), 1.0, 10.0), [2, 3, 4, 8])


def test_frames_at_the_ends_are_pushed_inwards() -> None:
    # 0.08 in of a slot are between frames.
    np.testing.assert_allclose(side_by_side(np.asarray([0.0, 9.0]), 1.0, 9.0), [0.46, 8.54])
    np.testing.assert_allclose(side_by_side(np.asarray([1.0, 1.0, 1.0]), 1.0, 9.0), [0.46, 1.46, 2.46])


def test_no_other_places_are_nearer_to_the_wanted_ones() -> None:
    generator = np.random.default_rng(0)
    wanted = np.sort(generator.uniform(0, 9, 6))
    placed = side_by_side(wanted, 1.2, 9.0)
    assert (np.diff(placed) >= 1.2 - 1e-9).all()
    tried = generator.uniform(0.56, 8.44 - 5 * 1.2, (20_000, 6))
    others = np.sort(tried, axis=1) + 1.2 * np.arange(6)
    assert ((others - wanted) ** 2).sum(axis=1).min() >= ((placed - wanted) ** 2).sum()


def test_frames_lie_below_their_times_and_side_by_side_where_those_are_close() -> None:
    few = replace(picture(n_frames=5), thumbnail_times_seconds=np.asarray([8.0, 2.0, 5.0, 5.01, 5.02]))
    pixels = np.full((5, 16, 9, 3), 10 * np.arange(5).reshape(5, 1, 1, 1), dtype=np.uint8)
    figure = localization_figure(replace(few, thumbnails=pixels))
    axes = axes_of(figure, "thumbnails")
    assert [int(np.asarray(image.get_array())[0, 0, 0]) for image in axes.images] == [10, 20, 30, 40, 0]  # by time
    extents = [image.get_extent() for image in axes.images]
    assert all(one[1] < other[0] for one, other in pairwise(extents))
    centres = [(left + right) / 2 for left, right, _, _ in extents]
    low, high = axes_of(figure, "rows").get_xlim()
    below = [(seconds - low) / (high - low) * axes.get_xlim()[1] for seconds in (2.0, 5.0, 5.01, 5.02, 8.0)]
    assert [points(line)[0, 0] for line in axes.lines] == pytest.approx(below)
    assert [points(line)[-1, 0] for line in axes.lines] == pytest.approx(centres)
    assert [centres[i] for i in (0, 2, 4)] == pytest.approx([below[i] for i in (0, 2, 4)])
    assert {"2.0 s", "5.0 s", "8.0 s"} <= set(words(figure))


@pytest.mark.parametrize("shape", [(9, 16), (16, 9), (10, 300), (300, 10)])
def test_frames_of_any_shape_keep_it_and_stay_on_the_strip(shape: tuple[int, int]) -> None:
    height, width = shape
    frames = np.zeros((30, height, width, 3), dtype=np.uint8)
    figure = localization_figure(replace(picture(n_frames=30), thumbnails=frames))
    axes = axes_of(figure, "thumbnails")
    for image in axes.images:
        left, right, bottom, top = image.get_extent()
        assert (right - left) / (top - bottom) == pytest.approx(width / height)
        assert left >= -1e-9
        assert right <= axes.get_xlim()[1] + 1e-9
    assert len(axes.images) < 30
    assert f"{len(axes.images)} of 30 frames" in words(figure)


def test_frames_are_drawn_smaller_before_some_are_left_out() -> None:
    figure = localization_figure(picture(n_frames=8))
    axes = axes_of(figure, "thumbnails")
    extents = [image.get_extent() for image in axes.images]
    assert len(extents) == 8
    assert extents[0][0] == pytest.approx(0)
    assert extents[-1][1] == pytest.approx(axes.get_xlim()[1])


def test_without_frames_there_is_no_strip() -> None:
    figure = localization_figure(picture(n_frames=0))
    assert [axes.get_label() for axes in figure.axes] == ["curves", "rows"]
