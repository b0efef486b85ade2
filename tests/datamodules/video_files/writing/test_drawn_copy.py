"""Tests of `drawn_copy`: what is drawn, and what stays as it was."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.drawn_copy import DrawnCopy, Patch, write_drawn_copy
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.mp4_writing import TranscodingError

RED = np.tile(np.array([255, 0, 0, 255], np.uint8), (16, 32, 1))


def grey_video(path: Path, *, height: int = 64, width: int = 96) -> Path:
    write_video(path, np.full((6, height, width, 3), 120, np.uint8), frames_per_second=25)
    return path


def copied(source: Path, destination: Path, patch: Patch, *, from_seconds: float = 0.0) -> DrawnCopy:
    with VideoReader(source) as reader:
        return write_drawn_copy(
            reader, destination, lambda width, height: lambda t: [patch] if t >= from_seconds else [], source=source
        )


def test_a_patch_covers_its_place_from_its_time_on_and_nothing_else(tmp_path: Path) -> None:
    source = grey_video(tmp_path / "a.mp4")
    made = copied(source, tmp_path / "b.mp4", Patch(32, 16, RED), from_seconds=0.08)
    assert made == DrawnCopy(96, 64, 6, "none")
    with VideoReader(tmp_path / "b.mp4") as reader, VideoReader(source) as before:
        np.testing.assert_allclose(reader.times_seconds, before.times_seconds, atol=1e-6)
        frames = reader.frames_at_indices(range(6)).float()
    drawn = frames[:, :, 20:28, 40:56].mean(dim=(2, 3))
    assert (drawn[:2] - 120).abs().max() < 6
    assert (drawn[2:, 0] > 235).all()
    assert (drawn[2:, 1:] < 25).all()
    assert (frames[:, :, 40:] - 120).abs().max() < 10
    assert (frames[:, :, :, :20] - 120).abs().max() < 10


def test_half_of_a_half_transparent_patch_is_the_frame(tmp_path: Path) -> None:
    half = RED.copy()
    half[..., 3] = 128
    copied(grey_video(tmp_path / "a.mp4"), tmp_path / "b.mp4", Patch(32, 16, half))
    with VideoReader(tmp_path / "b.mp4") as reader:
        red, green, blue = reader.frames_at_indices([3])[0, :, 20:28, 40:56].float().mean(dim=(1, 2)).tolist()
    assert (red, green, blue) == pytest.approx((187, 60, 60), abs=10)


@pytest.mark.parametrize(
    ("of_the_video", "of_the_copy"),
    [("1:1", None), ("4:3", Fraction(4, 3)), ("16:11", Fraction(16, 11)), ("1:100", None)],
)
def test_pixels_keep_their_shape(of_the_video: str, of_the_copy: Fraction | None, tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(of_the_video.replace(":", "/"))
        for _ in range(3):
            container.mux(stream.encode(VideoFrame(96, 64, "yuv420p")))
        container.mux(stream.encode(None))
    copied(source, tmp_path / "b.mp4", Patch(32, 16, RED))
    with av.open(str(tmp_path / "b.mp4")) as copy:
        assert copy.streams.video[0].sample_aspect_ratio in (of_the_copy or 1, of_the_copy)


def test_an_odd_side_loses_a_pixel(tmp_path: Path) -> None:
    write_video(
        tmp_path / "odd.mkv",
        np.full((3, 65, 97, 3), 120, np.uint8),
        frames_per_second=25,
        codec="ffv1",
        pixel_format="bgr0",
        options={},
    )
    assert copied(tmp_path / "odd.mkv", tmp_path / "b.mp4", Patch(0, 0, RED)) == DrawnCopy(96, 64, 3, "none")


def test_a_patch_outside_of_the_frame_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TranscodingError, match="a patch of 32x16 px leaves the frame"):
        copied(grey_video(tmp_path / "a.mp4"), tmp_path / "b.mp4", Patch(80, 0, RED))
