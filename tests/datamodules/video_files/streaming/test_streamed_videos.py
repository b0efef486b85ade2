import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import moving_picture, mpeg4_with_b_frames
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


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    """Three videos, of which the second is broken."""
    write_video(path := tmp_path / "video.mp4", moving_picture(11), frames_per_second=10, options={"g": "4", "bf": "2"})
    (broken := tmp_path / "broken.mp4").write_bytes(b"no video")
    mpeg4_with_b_frames(other := tmp_path / "other.avi")
    return [path, broken, other]


@pytest.mark.parametrize("n_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_every_video_is_streamed_once_in_order_and_a_broken_one_is_named(videos: list[Path], n_workers: int) -> None:
    events = list(stream_videos(videos, 32, geometry="squash", stride=FrameStride(), chunk_size=4, n_workers=n_workers))
    for number, path in ((0, videos[0]), (2, videos[2])):
        opened, *chunks, ended = [event for event in events if event.video == number]
        assert isinstance(opened, VideoOpened)
        assert ended == VideoEnded(number)
        with VideoReader(path) as reader:
            np.testing.assert_array_equal(opened.times_seconds, reader.times_seconds)
            assert (opened.n_video_frames, opened.duration_seconds) == (reader.n_frames, reader.duration_seconds)
        frames = torch.cat([chunk.frames for chunk in chunks if isinstance(chunk, VideoChunk)])
        with FrameStream(path, 32, geometry="squash", stride=FrameStride(), chunk_size=4) as stream:
            expected = torch.cat([of_chunk for of_chunk, _ in stream.chunks()])
        assert torch.equal(frames, expected)
    broken = [event for event in events if event.video == 1]
    assert broken == [VideoEnded(1, "Invalid data found when processing input (while opening it)")]


@pytest.mark.slow
def test_a_decoding_process_that_dies_is_reported(videos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def die(self: FrameStream) -> Iterator[object]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield

    monkeypatch.setattr(FrameStream, "chunks", die)  # the processes are forked
    with pytest.raises(VideoDecodeError, match="a decoding process died, of a crash in the decoder or for lack of mem"):
        list(stream_videos(videos, 32, geometry="squash", stride=FrameStride(), chunk_size=4, n_workers=1))


def test_a_video_that_breaks_in_the_middle_is_ended_by_its_problem(shared_clips: Path) -> None:
    path = shared_clips / "corrupted.mp4"
    events = list(stream_videos([path], 32, geometry="squash", stride=FrameStride(), chunk_size=4, n_workers=0))
    assert isinstance(events[-1], VideoEnded)
    assert events[-1].problem is not None
    assert events[-1].problem.startswith("Invalid data found and concealed by the decoder (while decoding it)")
