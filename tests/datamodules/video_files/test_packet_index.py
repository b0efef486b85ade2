"""Tests of `packet_index`: what packets tell of the frames, and where they cannot be relied on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.makers.videos.encoded_videos import (
    case_name,
    h264_with_b_frames,
    moving_picture,
    vp8_with_hidden_frames,
)
from zsar.datamodules.video_files.packet_index import index_packets
from zsar.datamodules.video_files.video_file import OpenVideo
from zsar.datamodules.video_files.writing.encoding import write_video


def test_the_packet_index_tells_when_frames_are_shown_and_what_they_depend_on(tmp_path: Path) -> None:
    options = {"g": "2", "bf": "0", "sc_threshold": "0"}
    write_video(path := tmp_path / "video.mkv", moving_picture(5), frames_per_second=10, options=options)
    video = OpenVideo(str(path), 1)
    index = index_packets(video)
    video.close()
    assert index is not None
    assert index.pts == [0, 100, 200, 300, 400]  # milliseconds
    assert index.positions == {0: 0, 100: 1, 200: 2, 300: 3, 400: 4}
    assert [keyframe[:3] for keyframe in index.keyframes] == [(0, 0, 0), (200, 2, 200), (400, 4, 400)]
    assert index.last_duration == 100


@pytest.mark.parametrize(
    ("make", "suffix"), [(h264_with_b_frames, ".h264"), (vp8_with_hidden_frames, ".webm")], ids=case_name
)
def test_files_without_time_stamps_to_rely_on_have_no_index(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    video = OpenVideo(str(path), 1)
    assert index_packets(video) is None
    video.close()
