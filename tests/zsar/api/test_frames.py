from pathlib import Path

import pytest
import torch

import zsar
from zsar.datamodules.video_files.decoding import VideoReader


def test_times_and_indices_give_the_frames_on_screen(video_tree: Path) -> None:
    video = video_tree / "red dance" / "0.mp4"
    with VideoReader(video) as reader:
        times = reader.times_seconds
    frames = zsar.read_frames(video, indices=[3, 0])
    assert frames.dtype == torch.uint8
    torch.testing.assert_close(zsar.read_frames(str(video), times=[times[3] + 0.001, 0.0]), frames)


@pytest.mark.parametrize("asked", [{}, {"times": [0.0], "indices": [0]}])
def test_either_times_or_indices_are_given(asked: dict[str, list[int]], video_tree: Path) -> None:
    with pytest.raises(ValueError, match=r"give either times=\[\.\.\.\] in seconds or indices"):
        zsar.read_frames(video_tree / "red dance" / "0.mp4", **asked)
