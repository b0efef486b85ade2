from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests.makers.results.localization_pictures import (
    LETTERS,
    LONG,
    axes_of,
    bars,
    many,
    picture,
    points,
    texts,
    words,
)
from zsar.callbacks.pictures.localization.figure import localization_figure
from zsar.callbacks.pictures.localization.picture import PicturedSegment, ScoreCurve


def test_bars_and_shades_lie_where_their_segments_do_and_those_at_the_ends_keep_their_edges() -> None:
    segments = (PicturedSegment(8, 10, "surf", 0.25), PicturedSegment(0, 3, "surf", 0.75))
    figure = localization_figure(picture(segments=segments))
    for axes in ("rows", "curves"):
        places = [(bar.get_x(), bar.get_width()) for bar in bars(figure, axes)]
        assert places == [(0, 3), (8, 2)]
        low, high = axes_of(figure, axes).get_xlim()
        assert low < 0
        assert high > 10
    scores = {text.get_text(): text.get_window_extent() for text in texts(figure)}
    for bar, score in zip(bars(figure), ("0.75", "0.25"), strict=True):
        assert bar.get_window_extent().fully_containsx(scores[score].x0)
        assert bar.get_window_extent().fully_containsx(scores[score].x1)


def test_axes_share_one_time_axis_from_curves_down_to_frames() -> None:
    figure = localization_figure(picture())
    curves, rows, frames = (axes_of(figure, name) for name in ("curves", "rows", "thumbnails"))
    assert curves.get_xlim() == rows.get_xlim()
    places = [axes.get_position() for axes in (curves, rows, frames)]
    assert len({(place.x0, place.x1) for place in places}) == 1
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(places))


def test_suppressed_segments_alone_are_hatched_and_the_legend_says_so() -> None:
    kept, suppressed = PicturedSegment(0, 3, "surf", 0.7), PicturedSegment(5, 9, "surf", 0.6, suppressed=True)
    figure = localization_figure(picture(segments=(kept, suppressed)))
    for axes in ("rows", "curves"):
        assert [bool(bar.get_hatch()) for bar in bars(figure, axes)] == [False, True]
    assert "suppressed segment" in words(figure)
    assert "suppressed segment" not in words(localization_figure(picture(segments=(kept,))))


def test_each_curve_has_its_colour_its_dashed_threshold_and_a_row_even_without_segments() -> None:
    figure = localization_figure(picture(names=("surf", "chess")))
    curves = [line for line in axes_of(figure, "curves").lines if line.get_linestyle() == "-"]
    thresholds = [line for line in axes_of(figure, "curves").lines if line.get_linestyle() == "--"]
    assert len({line.get_color() for line in curves}) == len(curves) == 2
    assert [points(line)[:, 1].tolist() for line in thresholds] == [[0.5, 0.5]] * 2
    assert words(figure).count("no segment") == 2
    assert {"surf", "chess"} <= set(words(figure))


def test_scores_may_be_tensors() -> None:
    arrays = picture()
    curve = arrays.curves[0]
    tensors = replace(
        arrays,
        times_seconds=torch.from_numpy(arrays.times_seconds),
        curves=(replace(curve, scores=torch.from_numpy(curve.scores).requires_grad_()),),
        thumbnail_times_seconds=torch.from_numpy(arrays.thumbnail_times_seconds),
    )
    lines = [points(axes_of(localization_figure(p), "curves").lines[0]) for p in (arrays, tensors)]
    np.testing.assert_array_equal(lines[0], lines[1])


def test_an_instance_that_overhangs_the_video_is_whole_and_the_end_of_the_video_is_marked() -> None:
    figure = localization_figure(picture(truth=(PicturedSegment(8, 15, "surf"),)))
    assert axes_of(figure, "rows").get_xlim()[1] > 15
    ends = [line for line in axes_of(figure, "curves").lines if line.get_linestyle() == ":"]
    assert [points(line)[:, 0].tolist() for line in ends] == [[10, 10]]
    assert "end of the video" in words(figure)
    assert "end of the video" not in words(localization_figure(picture()))


CASES = {
    "nothing": picture(duration=3.0, names=(LONG,)),
    "one frame": picture(duration=0.04, n=1, segments=(PicturedSegment(0, 0.04, "surf", 1.0),), n_frames=1),
    "constant": replace(picture(), curves=(ScoreCurve("surf", np.zeros(50), 0.0),), title=LONG * 3),
    "3 s": picture(duration=3.0, n=72, segments=many(8, 3.0, ("surf",)), truth=(PicturedSegment(1, 2, LONG),)),
    "3 h": picture(
        duration=10800.0,
        n=3000,
        names=(LONG, LETTERS),
        segments=many(40, 10800.0, (LONG, LETTERS)),
        truth=tuple(replace(s, score=None, suppressed=False) for s in many(9, 10800.0, (LONG, "x"), seed=1)),
        n_frames=40,
    ),
    "more overlaps than lanes": picture(
        segments=tuple(PicturedSegment(0.7 * i, 10 - 0.4 * i, "surf", 0.5) for i in range(9))
    ),
    "12 classes": picture(
        duration=200.0,
        names=tuple(f"{LONG[:50]} {i}" for i in range(12)),
        segments=many(40, 200.0, tuple(f"{LONG[:50]} {i}" for i in range(12))),
        truth=(PicturedSegment(150, 230, LONG),),
        n_frames=14,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_no_text_lies_on_another_or_leaves_its_bar_or_the_page(case: str) -> None:
    figure = localization_figure(CASES[case])
    boxes = {text: text.get_window_extent() for text in texts(figure)}
    for one, other in combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one, other)
    width, height = figure.bbox.size
    for text, box in boxes.items():
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    of_bars = [bar.get_window_extent() for bar in bars(figure)]
    centred = [text for text in axes_of(figure, "rows").texts if text.get_horizontalalignment() == "center"]
    for box in (boxes[text] for text in centred):
        assert any(bar.x0 <= box.x0 and box.x1 <= bar.x1 and bar.y0 <= box.y0 and box.y1 <= bar.y1 for bar in of_bars)


def test_dollar_signs_in_a_name_are_no_formula() -> None:
    figure = localization_figure(
        replace(picture(names=(r"win $\broken$",), truth=(PicturedSegment(0, 9, r"win $\broken$"),)), title=r"$\x$")
    )
    assert words(figure).count(r"win $\broken$") == 2
    assert r"$\x$" in words(figure)


@pytest.mark.parametrize("score", [1.0, 0.0])
def test_of_a_curve_of_many_frames_a_single_peak_can_be_seen(score: float) -> None:
    long = picture(duration=10800.0, n=300_000)
    scores = np.full(300_000, 0.5)
    scores[123_456] = score
    figure = localization_figure(replace(long, curves=(ScoreCurve("surf", scores, 0.5),)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = axes_of(figure, "curves")
    column, row = axes.transData.transform((long.times_seconds[123_456], 0.75 * score + 0.25 * 0.5)).round().astype(int)
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, :3].astype(int)  # from below, as matplotlib counts
    blue = np.abs(pixels[row, column - 20 : column + 20] - [0x00, 0x72, 0xB2]).sum(axis=1)
    assert blue.min() < 200  # a line of about a pixel, on two of them
    assert blue.max() > 300


def test_times_above_two_minutes_are_minutes_and_seconds() -> None:
    short, long = (localization_figure(picture(duration=duration)) for duration in (120.0, 180.0))
    assert {"time (s)", "20", "120"} <= set(words(short))
    assert {"time (min:s)", "0:30", "3:00"} <= set(words(long))


def test_the_page_grows_where_rows_need_it_and_else_is_12_by_6_inches() -> None:
    names = tuple(str(i) for i in range(12))
    crowded = localization_figure(picture(names=names, truth=tuple(PicturedSegment(0, 9, n) for n in names)))
    assert crowded.get_size_inches()[1] > 6
    assert localization_figure(picture()).get_size_inches().tolist() == [12, 6]
    assert axes_of(crowded, "curves").get_position().height * crowded.get_size_inches()[1] == pytest.approx(1.7)


def test_a_picture_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="a video lasts more than 0 s"):
        localization_figure(picture(duration=0.0))
