from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.makers.videos.encoded_videos import one_frame
from tests.makers.videos.streamed_frames import streamed, write_eleven_frames
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.video_files.streaming import (
    FrameStream,
    FrameStride,
    frame_stream,
    stream_videos,
)
from zsar.datamodules.views.frame_geometry import square_frames


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Eleven frames, 10 a second."""
    return write_eleven_frames(tmp_path / "video.mp4")


@pytest.mark.parametrize("chunk_size", [1, 3, 11, 64])
def test_the_size_of_chunks_changes_nothing(video: Path, chunk_size: int) -> None:
    frames, times = streamed(video, FrameStride(), chunk_size=chunk_size)
    whole, all_times = streamed(video, FrameStride(), chunk_size=5)
    assert torch.equal(frames, whole)
    assert times == all_times


def test_a_video_of_one_frame_has_one(tmp_path: Path) -> None:
    one_frame(path := tmp_path / "one.mp4")
    for stride in (FrameStride(), FrameStride(frames=None, seconds=0.5)):
        assert streamed(path, stride)[1] == [0]
    with FrameStream(path, 32, geometry="squash", stride=FrameStride(), chunk_size=4) as stream:
        assert (stream.n_video_frames, len(stream), stream.duration_seconds) == (1, 1, pytest.approx(0.04))


def test_no_more_frames_are_decoded_than_a_chunk_needs(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resized: list[tuple[int, ...]] = []

    def noting(geometry: Geometry, image_size: int, *, resize_filter: str) -> Callable[[torch.Tensor], torch.Tensor]:
        square = square_frames(geometry, image_size, resize_filter=resize_filter)  # type: ignore[arg-type]

        def noted(frames: torch.Tensor) -> torch.Tensor:
            resized.append(tuple(frames.shape))
            return square(frames)

        return noted

    monkeypatch.setattr(frame_stream, "square_frames", noting)
    with FrameStream(video, 32, geometry="squash", stride=FrameStride(), chunk_size=3) as stream:
        next(stream.chunks())
    assert resized == [(1, 3, 48, 64)] * 3  # large frames are made small one at a time


def test_numbers_out_of_range_are_refused(video: Path) -> None:
    with pytest.raises(ValueError, match="chunk_size must be at least 1 frame; got 0"):
        FrameStream(video, 32, geometry="squash", stride=FrameStride(), chunk_size=0)
    with pytest.raises(ValueError, match="decoding processes must be 0 or more; got -1"):
        next(stream_videos([video], 32, geometry="squash", stride=FrameStride(), chunk_size=4, n_workers=-1))


# --- several videos ---------------------------------------------------------------------------------------------------
