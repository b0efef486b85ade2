"""Frames of a live source: all of them in order, damaged ones counted, late ones skipped."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.makers.videos.live_sources import RATE, served, write_stream
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.live import live_frames
from zsar.datamodules.video_files.live.live_frames import LiveFrame, LiveFrames
from zsar.datamodules.video_files.live.live_source import LiveSource
from zsar.datamodules.video_files.live.source_clock import SourceClock
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.runtime.files.video_errors import VideoDecodeError


@contextmanager
def frames_of(source: LiveSource, *, timeout_seconds: float = 2) -> Iterator[LiveFrames]:
    stopped = threading.Event()
    with source.opened(stopped, timeout_seconds) as container:
        yield LiveFrames(source, container, stopped)


def file(path: Path) -> LiveSource:
    return LiveSource(str(path), real_time=False)


@pytest.mark.parametrize("suffix", ["ts", "mp4", "mkv", "avi"])
def test_frames_are_those_of_the_video_reader(suffix: str, tmp_path: Path) -> None:
    path = write_stream(tmp_path / f"a.{suffix}", 30)
    with frames_of(file(path)) as frames:
        read = list(frames)
    assert [frame.number for frame in read] == list(range(30))
    np.testing.assert_allclose([frame.seconds for frame in read], np.arange(30) / RATE, atol=1e-3)
    assert frames.frame_seconds == pytest.approx(1 / RATE)
    with VideoReader(path) as reader:
        expected = reader.frames_at_indices(list(range(30))).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal([RGBConverter().rgb(frame.picture) for frame in read], expected)


def test_a_stream_that_loses_data_goes_on_after_the_damage(tmp_path: Path) -> None:
    content = bytearray(write_stream(tmp_path / "a.ts", 60).read_bytes())
    for begin in range(len(content) // 3 // 188 * 188, len(content) * 2 // 3, 188):  # packets of MPEG-TS
        content[begin + 60 : begin + 120] = bytes(60)
    with served(bytes(content), "close") as address, frames_of(LiveSource(address)) as frames:
        read = list(frames)
    assert read[-1].seconds == pytest.approx(59 / RATE)
    assert 30 < len(read) < 60
    assert frames.n_damaged > 0


def test_damage_is_counted_as_the_video_reader_counts_it(shared_clips: Path) -> None:
    path = shared_clips / "corrupted.mp4"
    with frames_of(file(path)) as frames:
        n_read = len(list(frames))
    with VideoReader(path, on_damage="accept") as reader:
        n_frames = sum(1 for _ in reader.frames_forward(range(reader.n_frames)))
        assert frames.n_damaged == pytest.approx(reader.n_damaged, abs=3)
    assert n_read == n_frames - 1  # the one that cannot be decoded


def test_a_source_that_breaks_off_with_an_error_is_no_normal_end(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    read: list[LiveFrame] = []
    with (
        served(data, "reset") as address,
        frames_of(LiveSource(address)) as frames,
        pytest.raises(VideoDecodeError, match=rf"{address}: the connection was lost \(while reading it\)"),
    ):
        read.extend(frames)
    assert len(read) > 40


def test_a_source_that_stalls_ends_after_its_timeout(tmp_path: Path) -> None:
    data = write_stream(tmp_path / "a.ts", 60).read_bytes()
    with served(data, "stall") as address, frames_of(LiveSource(address), timeout_seconds=0.5) as frames:
        assert len(list(frames)) > 40
        assert frames.stalled


def test_a_source_without_video_or_with_too_large_pictures_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        sound.rate = 8000
        container.mux([*stream.encode(sound), *stream.encode(None)])
    with (
        pytest.raises(VideoDecodeError, match="there is no video stream in it; it holds: audio"),
        frames_of(file(path)),
    ):
        pass
    write_video(tmp_path / "wide.mkv", np.zeros((2, 2, 1024, 3), np.uint8), frames_per_second=5, codec="ffv1")
    wide = file(tmp_path / "wide.mkv")
    with pytest.raises(VideoDecodeError, match="128 times"), frames_of(wide):
        pass


def late_by(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame is read late."""

    def due(self: SourceClock, time: float, **_: Any) -> tuple[float, float]:
        return 0.0, seconds

    monkeypatch.setattr(SourceClock, "due", due)


def test_of_late_frames_a_few_are_used_and_all_others_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = LiveSource(str(write_stream(tmp_path / "a.ts", 60)))
    late_by(live_frames._LATE_SECONDS * 2, monkeypatch)
    with frames_of(source) as frames:
        used = [frame.seconds for frame in frames]
    assert len(used) + frames.n_skipped == 60
    assert np.diff(used).min() >= live_frames._LATE_SECONDS - 1e-6
    assert len(used) == 12


def test_frames_that_are_very_late_are_not_even_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = LiveSource(str(write_stream(tmp_path / "a.ts", 60)))
    late_by(live_frames._VERY_LATE_SECONDS * 2, monkeypatch)
    with frames_of(source) as frames:
        used = list(frames)
    assert len(used) + frames.n_skipped == 60
    assert all(frame.picture.key_frame for frame in used)
    assert [frame.number for frame in used] == [0, 12, 24, 36, 48], "as if all were there"


def test_a_frame_that_is_skipped_has_come_too(tmp_path: Path) -> None:
    with frames_of(LiveSource(str(write_stream(tmp_path / "a.ts", 60)))) as frames:
        frames._codec.skip_frame = "NONKEY"
        for packet in frames._packets():
            before, begin = frames.n_skipped, time.monotonic()
            frames._decoded(packet)
            assert frames.n_skipped == before or frames.newest >= begin
        assert frames.n_skipped > 30


def test_nothing_is_skipped_where_every_window_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = file(write_stream(tmp_path / "a.ts", 60))
    late_by(99, monkeypatch)
    with frames_of(source) as frames:
        assert len(list(frames)) == 60
        assert frames.n_skipped == 0
