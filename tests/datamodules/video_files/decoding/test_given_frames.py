import pytest
import torch

from zsar.datamodules.video_files.decoding.given_frames import GivenFrames
from zsar.datamodules.video_files.frame_chunks import frame_chunks, small_frames


def test_frames_are_read_as_those_of_a_file() -> None:
    frames = torch.randint(256, (6, 3, 8, 8), dtype=torch.uint8)
    given = GivenFrames(frames)
    assert (given.n_frames, given.n_damaged) == (6, 0)
    (chunk,) = frame_chunks(given, torch.tensor([0, 2, 5]))
    assert torch.equal(chunk, frames[[0, 2, 5]])
    chosen = torch.tensor([[4, 1], [1, 1]])
    assert torch.equal(small_frames(given, chosen, lambda part: part), frames[chosen])


def test_a_frame_that_is_not_there_is_an_error() -> None:
    with pytest.raises(IndexError):
        list(GivenFrames(torch.zeros(2, 3, 8, 8, dtype=torch.uint8)).frames_forward([0, 2]))
