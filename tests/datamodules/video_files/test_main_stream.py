"""Tests of `main_stream`: the stream that players show is the one that is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import av
import pytest

from tests.makers.videos.encoded_videos import write_streams
from zsar.datamodules.video_files.decoding import read_frames
from zsar.datamodules.video_files.main_stream import is_real_video, main_stream
from zsar.datamodules.video_files.video_file import OpenVideo
from zsar.runtime.files.video_errors import VideoDecodeError

# For each stream: start in ms, frames, width in px. Then the flagged ones, and the one that is the video.
CHOICES = {
    "a picture lies first": ([(0, 1, 32), (0, 12, 64)], [], 1),
    "a large picture lies first": ([(0, 1, 128), (0, 12, 64)], [], 1),
    "the largest": ([(0, 12, 32), (0, 12, 128), (0, 12, 64)], [], 1),
    "the default": ([(0, 12, 128), (0, 12, 64)], [1], 1),
    "a picture is flagged as default": ([(0, 1, 128), (0, 12, 64)], [0], 1),
    "the larger of two defaults": ([(0, 12, 32), (0, 12, 64), (0, 12, 128)], [0, 1], 1),
    "the longest of one size": ([(0, 5, 64), (0, 12, 64), (0, 8, 64)], [], 1),
    "the first of equals": ([(0, 12, 64), (0, 12, 64)], [], 0),
}


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("case", CHOICES)
def test_the_stream_that_players_show_is_read(case: str, suffix: str, tmp_path: Path) -> None:
    streams, default, right = CHOICES[case]
    if suffix == ".mp4" and "picture" not in case:  # it flags the first stream where no other is
        default = default or [right]
    write_streams(path := tmp_path / f"video{suffix}", streams, default=default)
    video = OpenVideo(str(path), 1)
    assert video.stream.index == right
    video.close()
    _, n_frames, width = streams[right]
    assert read_frames(path, range(n_frames)).shape == (n_frames, 3, 48, width)


@pytest.mark.parametrize("flag", ["attached_pic", "timed_thumbnails", "still_image", "dependent"])
def test_what_accompanies_a_video_is_no_video(flag: str, tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.mkv", [(0, 3, 64)])
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert is_real_video(stream)
        stream.disposition = av.stream.Disposition[flag] | av.stream.Disposition.default
        assert not is_real_video(stream)
        with pytest.raises(VideoDecodeError, match=r"^a\.mkv: there is no video stream in it; it holds: video$"):
            main_stream(container, "a.mkv", Counter)


def test_a_stream_without_a_decoder_is_passed_over_if_another_has_one(tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.mp4", [(0, 12, 128), (0, 12, 64)])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz", 2))  # of the brands, and of the first track
    data = path.read_bytes()
    assert data.count(b"zzzz") == 2
    assert read_frames(path, [0]).shape == (1, 3, 48, 64)


def test_a_video_that_no_decoder_reads_is_named(tmp_path: Path) -> None:
    write_streams(path := tmp_path / "video.mp4", [(0, 12, 64)])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(VideoDecodeError, match=r"video\.mp4: this build of FFmpeg has no decoder"):
        read_frames(path, [0])
