"""When frames are shown, on the player's clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import (
    X264,
    case_name,
    h264_with_b_frames,
    moving_picture,
    mpeg4_with_b_frames,
    one_frame,
    write_with_pts,
)
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.encoding import write_video


def test_times_are_seconds_after_the_first_frame(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [500, 540, 700, 710, 1500])
    with VideoReader(path) as reader:
        np.testing.assert_allclose(reader.times_seconds, [0, 0.04, 0.2, 0.21, 1.0])
        assert reader.times_seconds.dtype == np.float64
        assert reader.duration_seconds > 1.0


def test_the_frame_at_a_time_is_the_one_on_the_screen(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [500, 540, 700, 710, 1500])
    with VideoReader(path) as reader:
        all_frames = reader.frames_at_indices(range(5))
        shown = reader.frames_at_times([0.0, 0.039, 0.04, 0.19, 0.2, 0.9, 1.0, 99.0])
    assert torch.equal(shown, all_frames[[0, 0, 1, 1, 2, 3, 4, 4]])


def test_frame_k_is_found_at_k_over_the_frame_rate_though_containers_round(tmp_path: Path) -> None:
    write_video(path := tmp_path / "video.mkv", moving_picture(31), frames_per_second=30, options=X264)
    with VideoReader(path) as reader:
        assert torch.equal(reader.frames_at_times([k / 30 for k in range(31)]), reader.frames_at_indices(range(31)))


@pytest.mark.parametrize(("make", "suffix"), [(h264_with_b_frames, ".mp4"), (mpeg4_with_b_frames, ".avi"),
                                              (h264_with_b_frames, ".h264")], ids=case_name)  # fmt: skip
def test_a_constant_frame_rate_gives_evenly_spaced_times(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    with VideoReader(path) as reader:
        np.testing.assert_allclose(reader.times_seconds, np.arange(40) / 25)
        assert reader.duration_seconds == pytest.approx(40 / 25)


@pytest.mark.parametrize("times", [[-0.1], [float("nan")], [0.0, -1.0]])
def test_impossible_times_are_refused(times: list[float], tmp_path: Path) -> None:
    one_frame(path := tmp_path / "video.mp4")
    with VideoReader(path) as reader, pytest.raises(ValueError, match="0 or more seconds"):
        reader.frames_at_times(times)
