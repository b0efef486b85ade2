"""Frames in memory have the times of their frame rate."""

import numpy as np
import pytest
import torch
from torch import Tensor

from zsar.api.localization.frames_with_times import FramesWithTimes
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views.frame_geometry import square_frames


@pytest.fixture
def frames() -> Tensor:
    return torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1).expand(10, 3, 20, 30).contiguous()


def test_each_frame_is_shown_until_the_next(frames: Tensor) -> None:
    video = FramesWithTimes(frames, 2.0)
    assert (video.n_frames, video.duration_seconds) == (10, 5.0)
    np.testing.assert_array_equal(video.times_seconds, np.arange(10) / 2)
    assert video.indices_at_times([0.0, 0.49, 0.5, 4.99, 99.0]).tolist() == [0, 0, 1, 9, 9]


def test_every_boundary_shows_the_frame_that_begins_there(frames: Tensor) -> None:
    for fps in (3.0, 29.97, 30.0, 7.0):
        video = FramesWithTimes(frames, fps)
        assert video.indices_at_times(video.times_seconds).tolist() == list(range(10))


def test_strides_choose_as_they_do_in_files(frames: Tensor) -> None:
    video = FramesWithTimes(frames, 4.0)
    assert FrameStride(frames=3).indices(video).tolist() == [0, 3, 6, 9]
    assert FrameStride(frames=None, seconds=0.5).indices(video).tolist() == [0, 2, 4, 6, 8]


def test_frames_become_square_as_those_of_files(frames: Tensor) -> None:
    video = FramesWithTimes(frames, 4.0)
    square = video.square_at_times([0.0, 0.25], image_size=16, geometry="crop", resize_filter="bilinear")
    assert torch.equal(square, square_frames("crop", 16, resize_filter="bilinear")(frames[:2]))


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_a_frame_rate_is_a_positive_number(frames: Tensor, fps: float) -> None:
    with pytest.raises(ValueError, match="fps must be a positive number of frames a second; got"):
        FramesWithTimes(frames, fps)


@pytest.mark.parametrize("wrong", [torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, 3, dtype=torch.uint8)])
def test_other_layouts_are_explained(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match=r"frames must be uint8 RGB \[T, 3, H, W\] with T >= 1"):
        FramesWithTimes(wrong, 25.0)
