from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from zsar.callbacks.pictures.localization.time_axis import TimeAxis, draw_time


def test_times_lie_between_the_ends_which_have_an_edge() -> None:
    axis = TimeAxis(10.0, 10.12)
    assert axis.limits == pytest.approx((-0.06, 10.06))
    assert axis.inches(0.0) == pytest.approx(0.06)
    assert axis.inches(10.0) == pytest.approx(10.06)
    assert axis.inches(5.0).item() == pytest.approx(5.06)


@pytest.mark.parametrize(
    ("end", "step", "n"),
    [
        (10.0, 1, 11),
        (0.04, 0.005, 9),
        (3.0, 0.5, 7),
        (120.0, 20, 7),
        (121.0, 15, 9),
        (10_800.0, 1800, 7),
        (9e5, 180_000, 6),
        (1e8, 18_000_000, 6),
        (1e19, 1.8e18, 6),  # no clock of 64 bits goes on for so long
    ],
)
def test_ticks_are_round_and_at_most_eleven(end: float, step: float, n: int) -> None:
    ticks = TimeAxis(end, 9.0).ticks()
    assert ticks == pytest.approx([i * step for i in range(n)])


def test_times_are_seconds_up_to_two_minutes_and_then_minutes_and_seconds() -> None:
    assert TimeAxis(120.0, 9.0).written(90.0) == "90"
    assert TimeAxis(180.0, 9.0).written(90.0) == "1:30"
    assert TimeAxis(180.0, 9.0).written(59.6) == "1:00"
    assert TimeAxis(10_800.0, 9.0).written(3661.0, exact=True) == "61:01"


def test_exact_times_have_the_digits_that_tell_frames() -> None:
    assert TimeAxis(100.0, 9.0).written(12.345, exact=True) == "12.3 s"
    assert TimeAxis(3.0, 9.0).written(1.5, exact=True) == "1.50 s"
    assert TimeAxis(0.04, 9.0).written(0.02, exact=True) == "0.0200 s"


def drawn(end: float, *, duration: float, labelled: bool) -> Axes:
    axes = Figure().add_subplot()
    draw_time(axes, TimeAxis(end, 9.0), duration_seconds=duration, labelled=labelled)
    return axes


def test_the_end_of_the_video_is_marked_where_the_axis_goes_on() -> None:
    (end,) = drawn(15.0, duration=10.0, labelled=False).lines
    assert list(end.get_xdata()) == [10, 10]  # type: ignore[arg-type]
    assert not drawn(10.0, duration=10.0, labelled=False).lines
    assert not drawn(10.05, duration=10.0, labelled=False).lines  # of which nothing can be seen


def test_times_and_their_unit_are_written_where_they_are_wanted() -> None:
    short = drawn(10.0, duration=10.0, labelled=True)
    assert [label.get_text() for label in short.get_xticklabels()] == [str(i) for i in range(11)]
    assert [text.get_text() for text in short.texts] == ["time (s)"]
    assert [text.get_text() for text in drawn(121.0, duration=121.0, labelled=True).texts] == ["time (min:s)"]
    bare = drawn(10.0, duration=10.0, labelled=False)
    assert {label.get_text() for label in bare.get_xticklabels()} == {""}
    assert not bare.texts
    assert short.get_xlim() == bare.get_xlim() == pytest.approx((-0.06, 10.06))
