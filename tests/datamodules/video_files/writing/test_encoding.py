"""Tests of `encoding`: what is written is what was given, whole or not at all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.encoding import write_video


def coloured_bars(n_frames: int) -> np.ndarray:
    """uint8 [T, 32, 32, 3]: red, green and blue bars that become brighter."""
    frames = np.zeros((n_frames, 32, 32, 3), np.uint8)
    for colour in range(3):
        frames[:, :, colour * 11 : colour * 11 + 10, colour] = 60 + 10 * np.arange(n_frames)[:, None, None]
    return frames


def test_a_written_video_shows_the_frames_it_was_given(tmp_path: Path) -> None:
    frames = coloured_bars(16)
    write_video(path := tmp_path / "bars.mp4", frames, frames_per_second=8)
    decoded = decode_everything(path)
    assert decoded.shape == (16, 3, 32, 32)
    for colour in range(3):  # inside the bars: colours are stored at half the resolution
        centre = decoded[:, colour, 8:24, colour * 11 + 3 : colour * 11 + 7].float().mean(dim=(1, 2))
        torch.testing.assert_close(centre, 60.0 + 10 * torch.arange(16), atol=6, rtol=0)


def test_a_lossless_codec_returns_the_very_same_frames(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)
    path = tmp_path / "noise.mkv"
    write_video(path, frames, frames_per_second=25, codec="ffv1", pixel_format="bgr0", options={})
    assert torch.equal(decode_everything(path), torch.from_numpy(frames).permute(0, 3, 1, 2))


def test_tensors_and_arrays_give_the_same_bytes_every_time(tmp_path: Path) -> None:
    frames = coloured_bars(16)
    write_video(tmp_path / "a.mp4", frames, frames_per_second=8)
    write_video(tmp_path / "b.mp4", frames, frames_per_second=8)
    write_video(tmp_path / "c.mp4", torch.from_numpy(frames).permute(0, 3, 1, 2), frames_per_second=8)
    contents = {(tmp_path / name).read_bytes() for name in ("a.mp4", "b.mp4", "c.mp4")}
    assert len(contents) == 1


def test_the_video_is_yuv420p_h264_with_the_frame_rate_asked_for(tmp_path: Path) -> None:
    write_video(path := tmp_path / "bars.mp4", coloured_bars(16), frames_per_second=29.97)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.codec.canonical_name, stream.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == Fraction(2997, 100)
    with VideoReader(path) as reader:
        np.testing.assert_allclose(reader.times_seconds, np.arange(16) / 29.97, atol=1e-4)


def test_an_existing_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    (path := tmp_path / "bars.mp4").write_bytes(b"old")
    write_video(path, coloured_bars(2), frames_per_second=8)
    assert decode_everything(path).shape[0] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["bars.mp4"]


def test_a_write_that_is_interrupted_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(source: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_video(tmp_path / "bars.mp4", coloured_bars(2), frames_per_second=8)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("settings", [{"codec": "no_such_codec"}, {"codec": "aac"}, {"pixel_format": "no_such_format"}])
def test_a_failure_names_the_file_and_leaves_the_old_one(settings: dict[str, str], tmp_path: Path) -> None:
    (path := tmp_path / "bars.mp4").write_bytes(b"old")
    with pytest.raises(RuntimeError, match=r"cannot write .*bars\.mp4 with "):
        write_video(path, coloured_bars(2), frames_per_second=8, **settings)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["bars.mp4"]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (np.zeros((2, 32, 32, 3), np.float32), r"got ndarray float32 \[2, 32, 32, 3\]"),
        (np.zeros((2, 3, 32, 32), np.uint8), r"got ndarray uint8 \[2, 3, 32, 32\]"),
        (torch.zeros(2, 32, 32, 3, dtype=torch.uint8), r"got Tensor uint8 \[2, 32, 32, 3\]"),
        (np.zeros((0, 32, 32, 3), np.uint8), r"got ndarray uint8 \[0, 32, 32, 3\]"),
        (np.zeros((2, 31, 32, 3), np.uint8), r"even height and width; got frames of \(31, 32\) px"),
    ],
)
def test_frames_of_another_layout_are_refused(frames: np.ndarray | torch.Tensor, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        write_video(tmp_path / "bars.mp4", frames, frames_per_second=8)


def test_a_frame_rate_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frames_per_second must be positive; got 0"):
        write_video(tmp_path / "bars.mp4", coloured_bars(2), frames_per_second=0)
