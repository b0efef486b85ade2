"""Frames of a video as `FrameStream` gives them, joined."""

from pathlib import Path

import numpy as np
import torch

from tests.makers.videos.encoded_videos import moving_picture
from zsar.datamodules.video_files.streaming import FrameStream, FrameStride
from zsar.datamodules.video_files.writing.encoding import write_video


def write_eleven_frames(path: Path) -> Path:
    """Writes a video of eleven frames, 10 a second."""
    write_video(path, moving_picture(11), frames_per_second=10, options={"g": "4", "bf": "2"})
    return path


def streamed(path: Path, stride: FrameStride, *, chunk_size: int = 4) -> tuple[torch.Tensor, list[float]]:
    """All frames, [T, 3, 32, 32], and their times in seconds."""
    with FrameStream(path, 32, geometry="squash", stride=stride, chunk_size=chunk_size) as stream:
        chunks = list(stream.chunks())
        assert [len(frames) for frames, _ in chunks[:-1]] == [chunk_size] * (len(chunks) - 1)
        times = np.concatenate([times for _, times in chunks])
        np.testing.assert_array_equal(times, stream.times_seconds)
        return torch.cat([frames for frames, _ in chunks]), times.tolist()
