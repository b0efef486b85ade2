from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.decoding.given_frames import GivenFrames
from zsar.datamodules.video_files.decoding.recorded_frames import frame_rate_of, frames_of
from zsar.datamodules.video_files.writing.encoding import write_video


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0.0, 99.0, (0, 8)), (1.0, 2.0, (2, 2)), (1.2, 1.3, (3, 1)), (3.6, 3.9, (7, 1)), (1.0, 1.0, (2, 1))],
)
def test_a_stretch_has_at_least_one_frame(tmp_path: Path, start: float, end: float, expected: tuple[int, int]) -> None:
    write_video(tmp_path / "a.mp4", np.zeros((8, 32, 32, 3), dtype=np.uint8), frames_per_second=2)
    with VideoReader(tmp_path / "a.mp4") as reader:
        assert frames_of(reader, VideoRecord(tmp_path / "a.mp4", 0, (start, end))) == expected


def test_the_rate_is_the_containers(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", np.zeros((8, 32, 32, 3), dtype=np.uint8), frames_per_second=25)
    with VideoReader(tmp_path / "a.mp4") as reader:
        assert frame_rate_of(reader, VideoRecord(tmp_path / "a.mp4", 0)) == Fraction(25)


def test_frames_without_a_rate_are_refused_with_a_remedy() -> None:
    given = GivenFrames(torch.zeros(4, 3, 32, 32, dtype=torch.uint8))
    with pytest.raises(VideoDecodeError, match="a.mp4: its frame rate is unknown, .*take the sampling t2l"):
        frame_rate_of(given, VideoRecord(Path("a.mp4"), 0))
