"""Times of frames, and how late they are; on a wall clock that only the test advances."""

import threading

import pytest

from zsar.datamodules.video_files.live import source_clock
from zsar.datamodules.video_files.live.source_clock import SourceClock


class Wall:
    """A clock that stands until time passes, or somebody waits."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


class Waiting(threading.Event):
    """Waiting takes no time, but the wall clock advances."""

    def __init__(self, wall: Wall) -> None:
        super().__init__()
        self.wall = wall

    def wait(self, timeout: float | None = None) -> bool:
        self.wall.now += timeout or 0
        return False


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    wall = Wall()
    monkeypatch.setattr(source_clock, "time", wall)
    return wall


def clock(wall: Wall, *, waits: bool) -> SourceClock:
    return SourceClock(waits=waits, stopped=Waiting(wall), frame_seconds=0.1)


def test_times_count_from_the_first_frame_and_increase(wall: Wall) -> None:
    source = clock(wall, waits=False)
    times = [source.seconds(stamp) for stamp in (7.0, 7.1, 7.1, 7.05, 7.2, None, None)]
    assert times == pytest.approx([0, 0.1, 0.101, 0.102, 0.2, 0.3, 0.4])


def test_times_go_on_where_a_source_begins_again(wall: Wall) -> None:
    source = clock(wall, waits=False)
    times = [source.seconds(stamp) for stamp in (50.0, 60.0, 0.0, 0.5, 4.0)]
    assert times == pytest.approx([0, 10, 10.1, 10.6, 14.1])


def test_a_file_is_shown_in_real_time(wall: Wall) -> None:
    file = clock(wall, waits=True)
    for seconds in (0.0, 0.5, 2.0):
        due, late = file.due(seconds, arrived=100.0, was_awaited=False)
        assert due == wall.now == 100 + seconds
        assert late == 0


def test_a_file_that_is_decoded_too_slowly_is_late(wall: Wall) -> None:
    file = clock(wall, waits=True)
    file.due(0.0, arrived=100.0, was_awaited=False)
    wall.now = 103.0
    due, late = file.due(0.5, arrived=100.1, was_awaited=False)
    assert (due, late) == (100.5, 2.5)


def test_a_camera_is_not_held_back(wall: Wall) -> None:
    camera = clock(wall, waits=False)
    camera.due(0.0, arrived=100.0, was_awaited=True)
    assert camera.due(5.0, arrived=100.0, was_awaited=False) == (100.0, 0)
    assert wall.now == 100


def test_frames_that_are_queued_are_late_and_count_from_when_they_came(wall: Wall) -> None:
    camera = clock(wall, waits=False)
    camera.due(0.0, arrived=100.0, was_awaited=True)
    wall.now = 104.0  # the model took the processor; frames wait
    due, late = camera.due(1.0, arrived=104.0, was_awaited=False)
    assert (due, late) == (101.0, 3.0)


def test_a_source_that_paused_is_not_late(wall: Wall) -> None:
    for waits in (False, True):
        wall.now = 100.0
        source = clock(wall, waits=waits)
        source.due(0.0, arrived=100.0, was_awaited=True)
        wall.now = 130.0
        assert source.due(0.1, arrived=130.0, was_awaited=True) == (130.0, 0)
        due, late = source.due(0.2, arrived=130.0, was_awaited=False)
        assert due == pytest.approx(130.1 if waits else 130.0)
        assert late == pytest.approx(0)


def test_a_short_delay_of_the_network_does_not_stay(wall: Wall) -> None:
    pipe = clock(wall, waits=True)
    pipe.due(0.0, arrived=100.0, was_awaited=True)
    wall.now = 100.6
    assert pipe.due(0.1, arrived=100.6, was_awaited=True)[1] == 0
    pipe.due(0.2, arrived=100.6, was_awaited=False)
    assert wall.now == 100.6, "what comes after it is not held back"
