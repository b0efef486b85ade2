import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import moving_picture, mpeg4_with_b_frames, one_frame, write_with_pts
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files import streaming
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.streaming import (
    FrameStream,
    FrameStride,
    VideoChunk,
    VideoEnded,
    VideoOpened,
    stream_videos,
)
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.transforms import TestTransform


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Eleven frames, 10 a second."""
    write_video(path := tmp_path / "video.mp4", moving_picture(11), frames_per_second=10, options={"g": "4", "bf": "2"})
    return path


def read(path: Path, stride: FrameStride, *, chunk_size: int = 4) -> tuple[torch.Tensor, list[float]]:
    with FrameStream(path, 32, stride=stride, chunk_size=chunk_size) as stream:
        chunks = list(stream.chunks())
        assert [len(frames) for frames, _ in chunks[:-1]] == [chunk_size] * (len(chunks) - 1)
        times = np.concatenate([times for _, times in chunks])
        np.testing.assert_array_equal(times, stream.times_seconds)
        return torch.cat([frames for frames, _ in chunks]), times.tolist()


@pytest.mark.parametrize(
    ("stride", "expected"),
    [
        (FrameStride(), list(range(11))),
        (FrameStride(frames=3), [0, 3, 6, 9]),
        (FrameStride(frames=100), [0]),
        (FrameStride(frames=None, seconds=0.5), [0, 5, 10]),
        (FrameStride(frames=None, seconds=0.25), [0, 2, 5, 7, 10]),
        (FrameStride(frames=None, seconds=0.04), list(range(11))),  # none is taken twice
        (FrameStride(frames=None, seconds=60.0), [0]),
    ],
)
def test_a_stride_picks_the_right_frames(video: Path, stride: FrameStride, expected: list[int]) -> None:
    frames, times = read(video, stride)
    assert frames.shape == (len(expected), 3, 32, 32)
    assert torch.equal(frames, TestTransform(32)(decode_everything(video)[expected])[0])
    assert times == pytest.approx([i / 10 for i in expected])


def test_seconds_follow_the_time_stamps_where_the_frame_rate_varies(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [0, 10, 20, 900, 1000, 2100])
    frames, times = read(path, FrameStride(frames=None, seconds=0.5))
    assert times == pytest.approx(
        [0, 0.02, 1.0, 2.1][:3]
    )  # at 0, 0.5, 1 (and 1.5 and 2, when the fifth is still shown)
    assert torch.equal(frames, TestTransform(32)(decode_everything(path)[[0, 2, 4]])[0])


LATE_MS = 10**11  # 10^8 seconds: three years


def test_a_late_frame_costs_no_more_than_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [0, 40, 80, 120, LATE_MS])
    n_asked = 0
    ask = VideoReader.indices_at_times

    def counted(reader: VideoReader, seconds: Iterable[float]) -> np.ndarray:
        nonlocal n_asked
        n_asked += len(seconds := list(seconds))
        return ask(reader, seconds)

    monkeypatch.setattr(VideoReader, "indices_at_times", counted)
    for seconds, expected in ((2.0, [3, 4]), (0.05, [0, 1, 2, 3, 4]), (1e-6, [0, 1, 2, 3, 4]), (1e9, [0])):
        with VideoReader(path) as reader:
            chosen = FrameStride(frames=None, seconds=seconds).indices(reader)
        assert sorted({0, *expected}) == chosen.tolist(), seconds
    assert n_asked <= 4 * 3 * 5


class Clock:
    """Stands for a `VideoReader` of frames at some times, on a clock with ticks of 10 ms."""

    def __init__(self, times_seconds: np.ndarray) -> None:
        self.times_seconds = times_seconds
        self.n_frames = len(times_seconds)

    def indices_at_times(self, seconds: Iterable[float]) -> np.ndarray:
        return np.searchsorted(self.times_seconds, np.asarray(list(seconds)) + 1e-3, side="right") - 1


@pytest.mark.parametrize("start", [0.0, 2.0])
def test_a_stride_in_seconds_takes_what_going_through_all_its_multiples_takes(start: float) -> None:
    draw = np.random.default_rng(0)
    for _ in range(200):
        ticks = np.cumsum(draw.integers(1, draw.integers(2, 300), draw.integers(1, 60)))
        passed = (ticks - ticks[0]) / 100
        reader: Any = Clock(start + passed)
        for seconds in (0.01, 0.04, 0.1, 1 / 3, 1.0, float(draw.uniform(0.003, 3))):
            multiples = np.arange(int(passed[-1] / seconds + 1e-9) + 1) * seconds
            expected = np.unique(reader.indices_at_times(start + multiples))
            assert FrameStride(frames=None, seconds=seconds).indices(reader).tolist() == expected.tolist()


@pytest.mark.parametrize("chunk_size", [1, 3, 11, 64])
def test_the_size_of_chunks_changes_nothing(video: Path, chunk_size: int) -> None:
    frames, times = read(video, FrameStride(), chunk_size=chunk_size)
    whole, all_times = read(video, FrameStride(), chunk_size=5)
    assert torch.equal(frames, whole)
    assert times == all_times


def test_a_video_of_one_frame_has_one(tmp_path: Path) -> None:
    one_frame(path := tmp_path / "one.mp4")
    for stride in (FrameStride(), FrameStride(frames=None, seconds=0.5)):
        assert read(path, stride)[1] == [0]
    with FrameStream(path, 32, stride=FrameStride(), chunk_size=4) as stream:
        assert (stream.n_video_frames, len(stream), stream.duration_seconds) == (1, 1, pytest.approx(0.04))


def test_no_more_frames_are_decoded_than_a_chunk_needs(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resized: list[tuple[int, ...]] = []

    class Noting(TestTransform):
        def __call__(self, frames: torch.Tensor) -> torch.Tensor:
            resized.append(tuple(frames.shape))
            return super().__call__(frames)

    monkeypatch.setattr(streaming, "TestTransform", Noting)
    with FrameStream(video, 32, stride=FrameStride(), chunk_size=3) as stream:
        next(stream.chunks())
    assert resized == [(1, 3, 48, 64)] * 3  # large frames are made small one at a time


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frames": 0}, "at least 1 frame; got 0"),
        ({"frames": None}, "in frames or in seconds; got frames=None, seconds=None"),
        ({"seconds": 0.5}, "in frames or in seconds; got frames=1, seconds=0.5"),
        ({"frames": None, "seconds": 0.0}, "more than 0 seconds; got 0.0"),
        ({"frames": None, "seconds": float("nan")}, "more than 0 seconds; got nan"),
    ],
)
def test_a_stride_is_one_of_two_numbers(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FrameStride(**settings)  # type: ignore[arg-type]


def test_strides_say_what_they_are() -> None:
    assert [str(FrameStride(frames=n)) for n in (1, 4)] == ["1 frame", "4 frames"]
    assert str(FrameStride(frames=None, seconds=1)) == str(FrameStride(frames=None, seconds=1.0)) == "1.0 seconds"


def test_numbers_out_of_range_are_refused(video: Path) -> None:
    with pytest.raises(ValueError, match="chunk_size must be at least 1 frame; got 0"):
        FrameStream(video, 32, stride=FrameStride(), chunk_size=0)
    with pytest.raises(ValueError, match="decoding processes must be 0 or more; got -1"):
        next(stream_videos([video], 32, stride=FrameStride(), chunk_size=4, n_workers=-1))


# --- several videos ---------------------------------------------------------------------------------------------------


@pytest.fixture
def videos(tmp_path: Path, video: Path) -> list[Path]:
    """Three videos, of which the second is broken."""
    (broken := tmp_path / "broken.mp4").write_bytes(b"no video")
    mpeg4_with_b_frames(other := tmp_path / "other.avi")
    return [video, broken, other]


@pytest.mark.parametrize("n_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_every_video_is_streamed_once_in_order_and_a_broken_one_is_named(videos: list[Path], n_workers: int) -> None:
    events = list(stream_videos(videos, 32, stride=FrameStride(), chunk_size=4, n_workers=n_workers))
    for number, path in ((0, videos[0]), (2, videos[2])):
        opened, *chunks, ended = [event for event in events if event.video == number]
        assert isinstance(opened, VideoOpened)
        assert ended == VideoEnded(number)
        with VideoReader(path) as reader:
            np.testing.assert_array_equal(opened.times_seconds, reader.times_seconds)
            assert (opened.n_video_frames, opened.duration_seconds) == (reader.n_frames, reader.duration_seconds)
        frames = torch.cat([chunk.frames for chunk in chunks if isinstance(chunk, VideoChunk)])
        assert torch.equal(frames, read(path, FrameStride())[0])
    broken = [event for event in events if event.video == 1]
    assert broken == [VideoEnded(1, "Invalid data found when processing input (while opening it)")]


@pytest.mark.slow
def test_a_decoding_process_that_dies_is_reported(videos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def die(self: TestTransform, frames: torch.Tensor) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGKILL)
        return frames

    monkeypatch.setattr(TestTransform, "__call__", die)  # the processes are forked
    with pytest.raises(VideoDecodeError, match="a decoding process died, of a crash in the decoder or for lack of mem"):
        list(stream_videos(videos, 32, stride=FrameStride(), chunk_size=4, n_workers=1))


def test_a_video_that_breaks_in_the_middle_is_ended_by_its_problem(shared_clips: Path) -> None:
    path = shared_clips / "corrupted.mp4"
    events = list(stream_videos([path], 32, stride=FrameStride(), chunk_size=4, n_workers=0))
    assert isinstance(events[-1], VideoEnded)
    assert events[-1].problem is not None
    assert events[-1].problem.startswith("Invalid data found and concealed by the decoder (while decoding it)")
