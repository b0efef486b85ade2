"""Windows of a live source: the frames that a test of the same clip sees, the newest ones, in bounded memory."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame
from torch import Tensor

from tests.makers.videos.encoded_videos import write_with_pts
from tests.makers.videos.live_sources import RATE, growing, served, write_stream
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.live import live_windows
from zsar.datamodules.video_files.live.live_frames import LiveFrame
from zsar.datamodules.video_files.live.live_source import LiveSource
from zsar.datamodules.video_files.live.live_windows import MOST_KEPT, LiveWindow, LiveWindows
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.views.frame_sampling import centre_indices
from zsar.runtime.files.video_errors import VideoDecodeError


def windows_of(source: LiveSource, **changes: Any) -> LiveWindows:
    settings: dict[str, Any] = {
        "n_frames": 4,
        "window_seconds": 1.0,
        "hop_seconds": 0.5,
        "timeout_seconds": 3.0,
    } | changes
    return LiveWindows(source, unchanged, **settings)


def unchanged(frames: Tensor) -> Tensor:
    return frames


def taken(windows: LiveWindows) -> Iterator[LiveWindow]:
    while (window := windows.take()) is not None:
        yield window


def test_windows_hold_the_frames_that_a_test_of_the_clip_sees(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 47)
    windows = list(taken(windows_of(LiveSource(str(path), real_time=False))))
    # One ends every half second; the last one ends with the video.
    np.testing.assert_allclose([w.seconds for w in windows], [0.95, 1.45, 1.95, 2.3], atol=1e-6)
    with VideoReader(path) as reader:
        for window in windows:
            last = round(window.seconds * RATE)
            indices = centre_indices(RATE, 4) + last - RATE + 1
            assert list(window.numbers) == indices.tolist()
            assert torch.equal(window.frames, reader.frames_at_indices(indices.tolist()))


def test_a_source_shorter_than_a_window_is_one_window(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 6)
    (window,) = taken(windows_of(LiveSource(str(path), real_time=False), n_frames=8))
    assert list(window.numbers) == centre_indices(6, 8).tolist()


@pytest.mark.slow
def test_a_file_is_played_in_real_time_and_delays_count_from_when_frames_are_due(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 31)
    windows = windows_of(LiveSource(str(path)))
    found = list(taken(windows))
    begin = found[0].captured - found[0].seconds
    np.testing.assert_allclose([w.captured - begin for w in found], [w.seconds for w in found], atol=1e-6)
    assert time.monotonic() - begin > 1.5
    assert windows.ending == "end"
    assert windows.n_dropped == windows.n_damaged == 0


@pytest.mark.slow
def test_who_takes_windows_slowly_gets_the_newest_and_unseen_frames_are_counted(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 61)
    windows = windows_of(LiveSource(str(path)), window_seconds=0.5, hop_seconds=0.1)
    first = windows.take()
    time.sleep(1.5)
    second = windows.take()
    assert first is not None
    assert second is not None
    assert time.monotonic() - second.captured < 0.3
    between = round((second.seconds - first.seconds - 0.5) * RATE)
    assert between > 10
    assert windows.n_dropped == pytest.approx(between, abs=1)
    windows.close()


def test_frames_between_windows_that_are_far_apart_are_not_dropped(tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 81)
    source = LiveSource(str(path), real_time=False)
    windows = windows_of(source, window_seconds=0.5, hop_seconds=1.5)
    found = list(taken(windows))
    np.testing.assert_allclose([w.seconds for w in found], [0.45, 1.95, 3.45, 4.0], atol=1e-6)
    assert windows.n_dropped == 0


class Endless:
    """Stands for `LiveFrames`: frames that come faster than any model takes windows."""

    def __init__(self, n_frames: int, step_seconds: float) -> None:
        self.n_frames, self.step = n_frames, step_seconds
        self.n_skipped = self.n_damaged = 0
        self.stalled, self.frame_seconds, self.newest = False, step_seconds, 0.0

    def __iter__(self) -> Iterator[LiveFrame]:
        """Frames as fast as they are taken."""
        for number in range(self.n_frames):
            yield LiveFrame(number, number * self.step, 0.0, VideoFrame(2, 2, "rgb24"))


@pytest.mark.parametrize("window_seconds", [2.0, 60.0, 3600.0])
def test_memory_is_bounded_however_long_the_window_and_the_source(
    window_seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_windows, "LiveFrames", lambda *_: Endless(20_000, 0.25))
    monkeypatch.setattr(RGBConverter, "rgb", lambda *_: np.zeros((2, 2, 3), np.uint8))
    windows = windows_of(LiveSource(str(write_stream(tmp_path / "a.mp4", 6))), window_seconds=window_seconds)
    most, delays = 0, []
    while windows._thread.is_alive():
        with windows._changed:
            most = max(most, len(windows._kept))
            delays.append(windows.seconds - windows._kept[-1].seconds if windows._kept else 0.0)
        time.sleep(0.001)
    assert most <= MOST_KEPT + 2
    assert max(delays) == 0, "the newest frame is kept, however far apart the others are"
    window = windows.take()
    assert window is not None
    spread = window_seconds * np.array([0, 1, 2, 3]) / 4 / 0.25  # evenly over the whole window
    np.testing.assert_allclose(np.array(window.numbers) - window.numbers[0], spread, atol=window_seconds / 50 + 1)


@pytest.mark.parametrize("window_seconds", [10.0, 3600.0])
def test_a_window_longer_than_the_source_holds_all_of_it(window_seconds: float, tmp_path: Path) -> None:
    path = write_stream(tmp_path / "a.mp4", 40)
    source = LiveSource(str(path), real_time=False)
    (window,) = taken(windows_of(source, window_seconds=window_seconds))
    assert window.seconds == pytest.approx(39 / RATE)
    assert window.numbers == tuple(centre_indices(40, 4).tolist())


def test_a_source_that_ended_while_a_window_was_used_has_not_stalled(tmp_path: Path) -> None:
    windows = windows_of(LiveSource(str(write_stream(tmp_path / "a.mp4", 6))), timeout_seconds=0.3)
    windows._thread.join(5)
    time.sleep(0.4)
    assert len(list(taken(windows))) == 1
    assert windows.ending == "end"


def test_a_played_file_whose_frames_are_far_apart_does_not_stall(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_with_pts(path, [0, 100, 1000, 1100])
    windows = windows_of(LiveSource(str(path)), timeout_seconds=0.4)
    assert list(taken(windows))[-1].seconds == pytest.approx(1.1, abs=0.01)
    assert windows.ending == "end"


class Skipping(Endless):
    """Stands for `LiveFrames` that skip late frames for a second, before each frame that they use."""

    def __iter__(self) -> Iterator[LiveFrame]:
        """Two frames."""
        for frame in super().__iter__():
            for _ in range(10):
                time.sleep(0.1)
                self.newest = time.monotonic()
            yield frame


def test_frames_that_are_skipped_as_they_are_late_are_no_stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_windows, "LiveFrames", lambda *_: Skipping(2, 0.25))
    monkeypatch.setattr(RGBConverter, "rgb", lambda *_: np.zeros((2, 2, 3), np.uint8))
    windows = windows_of(LiveSource(str(write_stream(tmp_path / "a.mp4", 6))), timeout_seconds=0.5)
    (window,) = taken(windows)
    assert window.seconds == 0.25
    assert windows.ending == "end"


@pytest.mark.slow
def test_a_growing_file_is_followed_until_nothing_comes(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    with growing(tmp_path / "growing.ts", data, seconds=1.5) as path:
        windows = windows_of(LiveSource(str(path), follow=True), timeout_seconds=1.0)
        found = list(taken(windows))
    assert found[-1].seconds > 2.5
    assert len(found) > 2
    assert windows.ending == "stall"


def test_a_source_that_stalls_ends_with_its_last_frame(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    with served(data, "stall") as address:
        windows = windows_of(LiveSource(address), timeout_seconds=0.5)
        found = list(taken(windows))
    assert found[-1].seconds == pytest.approx(windows.seconds)
    assert found[-1].seconds > 2
    assert windows.ending == "stall"
    assert windows.take() is None


def test_a_source_that_breaks_off_raises_after_its_windows(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    with served(data, "reset") as address:
        windows = windows_of(LiveSource(address))
        assert windows.take() is not None
        with pytest.raises(VideoDecodeError, match="the connection was lost"):
            list(taken(windows))
        windows.close()


@pytest.mark.parametrize("then", ["close", "stall"])
def test_a_source_without_a_frame_is_an_error(then: Any) -> None:
    with served(b"", then) as address:
        windows = windows_of(LiveSource(address), timeout_seconds=0.4)
        with pytest.raises(VideoDecodeError, match=address):
            windows.take()
        windows.close()


def test_an_mp4_file_that_is_read_as_it_comes_is_told_apart(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.mp4", 200).read_bytes()
    assert data.index(b"mdat") < data.index(b"moov"), "the index is at the end"
    (tmp_path / "growing.mp4").write_bytes(data[: data.index(b"moov") - 4])
    growing_file = windows_of(LiveSource(str(tmp_path / "growing.mp4"), follow=True), timeout_seconds=0.5)
    with pytest.raises(VideoDecodeError, match="no frame came in 0.5 seconds; an MP4 file whose index is at its end"):
        growing_file.take()
    os.mkfifo(tmp_path / "pipe")
    index = data.index(b"moov") - 4
    long = data[:index] + (1 << 20).to_bytes(4, "big") + b"free".ljust((1 << 20) - 4, b"\0") + data[index:]
    threading.Thread(target=write_quietly, args=(tmp_path / "pipe", long), daemon=True).start()
    piped = windows_of(LiveSource(str(tmp_path / "pipe")))
    with pytest.raises(VideoDecodeError, match="an MP4 file whose index is at its end"):
        piped.take()
    (tmp_path / "a.ts").write_bytes(b"no video")
    other = windows_of(LiveSource(str(tmp_path / "a.ts"), follow=True), timeout_seconds=0.3)
    with pytest.raises(VideoDecodeError, match="seconds$"):
        other.take()


def write_quietly(path: Path, data: bytes) -> None:
    with suppress(BrokenPipeError):
        path.write_bytes(data)


def test_a_source_all_of_whose_frames_are_damaged_is_an_error(tmp_path: Path) -> None:
    good = write_stream(tmp_path / "good.mp4", 12).read_bytes()
    begin = good.index(b"mdat") + 4
    end = good.index(b"moov", begin) - 4
    (tmp_path / "a.mp4").write_bytes(good[:begin] + bytes(end - begin) + good[end:])
    windows = windows_of(LiveSource(str(tmp_path / "a.mp4")))
    with pytest.raises(VideoDecodeError, match=r"without a frame that can be decoded; \d+ were damaged"):
        windows.take()


def test_closing_ends_the_wait_and_the_thread(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 6).read_bytes()
    (tmp_path / "a.ts").write_bytes(data)
    windows = windows_of(LiveSource(str(tmp_path / "a.ts"), follow=True), timeout_seconds=30)
    threading.Timer(0.3, windows.close).start()
    begin = time.monotonic()
    assert windows.take() is None
    assert time.monotonic() - begin < 1
    windows._thread.join(1)
    assert not windows._thread.is_alive()
    assert windows.ending == "closed"
