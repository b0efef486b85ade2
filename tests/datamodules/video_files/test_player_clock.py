"""Tests of `player_clock`: times count from the container's start, whichever stream that is."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import h264_with_b_frames, write_streams, write_with_pts
from zsar.datamodules.video_files.counted_frames import CountedFrames
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.player_clock import first_shown_ticks, start_seconds
from zsar.datamodules.video_files.timed_frames import TimedFrames
from zsar.datamodules.video_files.video_file import OpenVideo

# When the video and the sound start, in ms, and when the first frame is shown, in seconds.
CASES = [(0, 0, 0.0), (2000, 0, 2.0), (0, 2000, 0.0), (1000, 2000, 0.0), (1200, 400, 0.8)]
SOUNDS = [(".mp4", "aac"), (".mov", "aac"), (".mkv", "aac"), (".mkv", "libopus"), (".mp4", "libopus"), (".mkv", "flac")]


@pytest.mark.parametrize(("suffix", "codec"), SOUNDS)
@pytest.mark.parametrize(
    ("video_ms", "sound_ms", "start"),
    CASES,
)
def test_the_first_frame_is_shown_when_players_show_it(
    suffix: str, codec: str, video_ms: int, sound_ms: int, start: float, tmp_path: Path
) -> None:
    write_streams(path := tmp_path / f"video{suffix}", [(video_ms, 10, 64)], sound_at_ms=sound_ms, sound_codec=codec)
    expected = start + np.arange(10) / 25
    # Samples that prime the decoder may be cut by whole packets only where the container cannot say more.
    slack = 0.025 if sound_ms == 400 else 0.0015
    with VideoReader(path) as reader:
        assert isinstance(reader._frames, TimedFrames)
        assert reader.start_seconds == pytest.approx(start, abs=slack)
        np.testing.assert_allclose(reader.times_seconds, expected, atol=slack)
        assert reader.duration_seconds == pytest.approx(start + 0.4, abs=slack)
        counted = CountedFrames(str(path), 1)
        np.testing.assert_allclose(counted.times_seconds(), reader.times_seconds, atol=1e-9)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi", ".h264", ".mov"])
def test_a_video_alone_starts_at_zero(suffix: str, tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / f"video{suffix}")
    with VideoReader(path) as reader:
        assert reader.start_seconds == 0.0


def test_a_video_alone_starts_at_zero_whatever_its_first_time_stamp(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [5000, 5040, 5200])
    with VideoReader(path) as reader:
        np.testing.assert_allclose(reader.times_seconds, [0, 0.04, 0.2])


def test_a_transport_stream_counts_from_its_sound(tmp_path: Path) -> None:
    """Its time stamps start wherever they like, and its sound is primed audibly."""
    write_streams(path := tmp_path / "video.ts", [(2000, 10, 64)], sound_at_ms=0)
    with VideoReader(path) as reader:
        assert reader.start_seconds == pytest.approx(2.0, abs=0.025)


def test_in_avi_reordered_frames_do_not_start_late(tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.avi", [(0, 40, 64)], sound_at_ms=0, sound_codec="libmp3lame")
    with VideoReader(path) as reader:
        assert reader.start_seconds == 0.0
        reader.frames_at_indices(range(40))
        assert isinstance(reader._frames, CountedFrames)  # the packets were in the wrong order
        assert reader.start_seconds == 0.0


def test_another_video_stream_that_starts_first_counts(tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.mkv", [(0, 10, 32), (800, 10, 64)], default=[1])
    with VideoReader(path) as reader:
        assert reader.start_seconds == pytest.approx(0.8)


def test_a_cover_picture_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        cover = out.add_stream("mjpeg", rate=25)
        cover.disposition = av.stream.Disposition.attached_pic
        for s, fmt in ((stream, "yuv420p"), (cover, "yuvj420p")):
            s.width, s.height, s.pix_fmt = 64, 48, fmt
        out.mux(cover.encode(av.VideoFrame(64, 48, "yuvj420p")))
        for i in range(10):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = 50 + i, stream.codec_context.time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with VideoReader(path) as reader:
        assert reader.n_frames == 10
        assert reader.start_seconds == 0.0


def test_before_the_first_frame_it_is_the_first_frame_that_is_given(tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.mp4", [(2000, 10, 64)], sound_at_ms=0)
    with VideoReader(path) as reader:
        assert reader.indices_at_times([0.0, 1.9, 2.0, 2.05, 2.36, 99.0]).tolist() == [0, 0, 0, 1, 9, 9]
        shown = reader.frames_at_times([0.0, 2.05])
        assert torch.equal(shown, reader.frames_at_indices([0, 1]))
        for wrong in ([-0.1], [float("nan")]):
            with pytest.raises(ValueError, match="times must be 0 or more seconds after the start"):
                reader.frames_at_times(wrong)


def test_a_frame_without_a_time_stamp_starts_with_the_container(tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.mp4", [(2000, 10, 64)], sound_at_ms=0)
    video = OpenVideo(str(path), 1)
    tick = video.stream.time_base or 1
    assert start_seconds(video, None) == 0.0
    assert start_seconds(video, round(3 / tick)) == pytest.approx(3.0)
    assert start_seconds(video, round(-5 / tick)) == 0.0  # earlier than any stream says: the start is there
    assert first_shown_ticks(video, 7, 3) == 7
    video.close()
