from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import write_with_pts
from tests.makers.videos.streamed_frames import streamed, write_eleven_frames
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming import (
    FrameStride,
)
from zsar.datamodules.views.frame_geometry import square_frames


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Eleven frames, 10 a second."""
    return write_eleven_frames(tmp_path / "video.mp4")


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
    frames, times = streamed(video, stride)
    assert frames.shape == (len(expected), 3, 32, 32)
    assert torch.equal(frames, square_frames("squash", 32)(decode_everything(video)[expected]))
    assert times == pytest.approx([i / 10 for i in expected])


def test_seconds_follow_the_time_stamps_where_the_frame_rate_varies(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [0, 10, 20, 900, 1000, 2100])
    frames, times = streamed(path, FrameStride(frames=None, seconds=0.5))
    assert times == pytest.approx(
        [0, 0.02, 1.0, 2.1][:3]
    )  # at 0, 0.5, 1 (and 1.5 and 2, when the fifth is still shown)
    assert torch.equal(frames, square_frames("squash", 32)(decode_everything(path)[[0, 2, 4]]))


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
