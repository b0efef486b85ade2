"""Tests of `transcoding`: a copy has the frames of its source, at their times, small and quick to reach."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from tests.makers.videos.encoded_videos import (
    X264,
    case_name,
    grey,
    h264_interlaced,
    h264_open_gop,
    h264_ten_bit,
    h264_with_b_frames,
    hevc,
    moving_picture,
    mpeg4_with_b_frames,
    one_frame,
    variable_frame_rate,
    vp8_with_hidden_frames,
    write_indexed_in_front,
    write_with_pts,
)
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.timed_frames import TimedFrames
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.mp4_writing import Mp4Writer
from zsar.datamodules.video_files.writing.transcoding import TranscodingError, transcode


def copy(source: Path, *, short_side_px: int = 256, keyframe_every: int = 8, crf: int = 10) -> Path:
    """Transcodes a file, as `prepare_video` does."""
    destination = source.with_name("copy.mp4")
    with VideoReader(source) as reader:
        made = transcode(reader, destination, short_side_px=short_side_px, keyframe_every=keyframe_every, crf=crf)
    with av.open(str(destination)) as container:
        assert [s.type for s in container.streams] == ["video"]
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (made.width_px, made.height_px)
        assert (stream.codec_context.codec.canonical_name, stream.pix_fmt) == ("h264", "yuv420p")
    return destination


def thirty_a_second(path: Path) -> None:
    """In Matroska, whose clock has milliseconds, these are 0, 33, 67, 100, ..."""
    write_video(path, moving_picture(20), frames_per_second=30, options=X264)


def all_frames(path: Path) -> tuple[Tensor, np.ndarray]:
    """Frames [N, 3, H, W] as floats, and times in seconds."""
    with VideoReader(path) as reader:
        return reader.frames_at_indices(range(reader.n_frames)).float(), reader.times_seconds


def decibels(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each pair of frames [N, 3, H, W]."""
    return 10 * torch.log10(255**2 / (a - b).square().mean(dim=(1, 2, 3)).clamp(min=1e-9))


# --- the same frames --------------------------------------------------------------------------------------------------

SOURCES = [
    (h264_with_b_frames, ".mp4"),
    (h264_with_b_frames, ".mkv"),
    (h264_with_b_frames, ".ts"),
    (h264_with_b_frames, ".h264"),
    (h264_with_b_frames, ".avi"),
    (h264_open_gop, ".mp4"),
    (h264_interlaced, ".mp4"),
    (h264_ten_bit, ".mp4"),
    (hevc, ".mp4"),
    (mpeg4_with_b_frames, ".avi"),
    (vp8_with_hidden_frames, ".webm"),
    (grey, ".mkv"),
    (one_frame, ".mp4"),
    (thirty_a_second, ".mkv"),
    (thirty_a_second, ".mp4"),
    (variable_frame_rate, ".mkv"),
]


@pytest.mark.parametrize(("make", "suffix"), SOURCES, ids=case_name)
def test_each_frame_of_the_copy_is_that_of_the_source_at_its_time(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    frames, times = all_frames(path)
    copied, copied_times = all_frames(copy(path))
    assert copied.shape == frames.shape
    np.testing.assert_allclose(copied_times, times, rtol=0, atol=1e-9)
    assert decibels(frames, copied).min() > 26  # colours at half the resolution cost most of this
    differences = (frames[:, None] - copied[None]).abs().mean(dim=(2, 3, 4))
    assert differences.argmin(dim=1).tolist() == list(range(len(frames)))


@pytest.mark.parametrize("make", [one_frame, thirty_a_second, h264_with_b_frames], ids=case_name)
def test_the_last_frame_stays_as_long_at_a_constant_rate(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(path := tmp_path / "video.mp4")
    with VideoReader(path) as reader, VideoReader(copy(path)) as copied:
        assert copied.duration_seconds == pytest.approx(reader.duration_seconds, abs=1e-9)


def test_a_lossless_copy_is_equal(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    assert torch.equal(all_frames(path)[0], all_frames(copy(path, crf=0))[0])


def test_times_of_a_clock_of_nanoseconds_are_rounded_to_microseconds(tmp_path: Path) -> None:
    pts = [0, 33_444_444, 66_777_777, 5_000_000_000]  # nanoseconds
    path = tmp_path / "video.nut"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 10**9)
        for image, at in zip(moving_picture(4), pts, strict=True):
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = at, Fraction(1, 10**9)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    np.testing.assert_allclose(all_frames(copy(path))[1], [0, 0.033444, 0.066778, 5.0], rtol=0, atol=1e-9)


def test_frames_shrink_as_by_an_antialiased_filter(tmp_path: Path) -> None:
    x = np.linspace(0, 200, 200)[None, :, None] + np.zeros((150, 1, 3))
    frames = np.stack([np.roll(x, 10 * t, axis=1) for t in range(4)]).astype(np.uint8)
    write_video(path := tmp_path / "video.mp4", frames, frames_per_second=10)
    copied = all_frames(copy(path, short_side_px=64))[0]
    assert copied.shape == (4, 3, 64, 86)
    expected = interpolate(all_frames(path)[0], size=(64, 86), mode="bicubic", antialias=True).clamp(0, 255)
    assert decibels(expected, copied).min() > 33


def test_odd_sizes_become_even(tmp_path: Path) -> None:
    frames = moving_picture(5, 49, 65)
    path = tmp_path / "odd.mkv"
    write_video(path, frames, frames_per_second=10, codec="ffv1", pixel_format="bgr0", options={})
    copied = all_frames(copy(path))[0]
    assert copied.shape == (5, 3, 48, 64)
    expected = interpolate(all_frames(path)[0], size=(48, 64), mode="bicubic", antialias=True).clamp(0, 255)
    assert decibels(expected, copied).min() > 26


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (0, -1, 1, 0), (-1, 0, 0, 1)], ids=str)
def test_rotation_is_applied_to_the_pixels(matrix: tuple[int, int, int, int], tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    identity = struct.pack(">5i", 1 << 16, 0, 0, 0, 1 << 16)
    header, found, rest = path.read_bytes().rpartition(identity)
    assert found
    a, b, c, d = (element << 16 for element in matrix)
    path.write_bytes(header + struct.pack(">5i", a, b, 0, c, d) + rest)
    upright = all_frames(path)[0]
    destination = copy(path, short_side_px=24 if matrix[0] == 0 else 256)
    copied = all_frames(destination)[0]
    assert copied.shape == ((40, 3, 32, 24) if matrix[0] == 0 else (40, 3, 48, 64))
    with av.open(str(destination)) as container:
        assert next(container.decode(video=0)).side_data.get("DISPLAYMATRIX") is None
    expected = interpolate(upright, size=copied.shape[2:], mode="bicubic", antialias=True).clamp(0, 255)
    assert decibels(expected, copied).min() > 22


COLOURS = {
    "full range": ("mjpeg", "yuvj420p", {"qmin": "1", "qmax": "1"}),
    "without luma and chroma": ("libx264rgb", "rgb24", X264),
    "BT.709": ("libx264", "yuv420p", {**X264, "x264-params": "colormatrix=bt709"}),
    "a chroma value for each pixel": ("libx264", "yuv444p", X264),
}


@pytest.mark.parametrize("case", COLOURS)
def test_colours_stay(case: str, tmp_path: Path) -> None:
    codec, pixel_format, options = COLOURS[case]
    frames = np.zeros((2, 48, 64, 3), np.uint8)
    bars = ((200, 30, 40), (20, 180, 60), (10, 50, 220), (240, 240, 240))
    for i, colour in enumerate(bars):
        frames[:, :, 16 * i : 16 * (i + 1)] = colour
    path = tmp_path / "video.mkv"
    write_video(path, frames, frames_per_second=10, codec=codec, pixel_format=pixel_format, options=options)
    before, after = all_frames(path)[0], all_frames(copy(path))[0]
    for i in range(len(bars)):  # inside the bars
        inside = (slice(None), slice(None), slice(8, 40), slice(16 * i + 5, 16 * i + 11))
        torch.testing.assert_close(after[inside].mean(dim=(2, 3)), before[inside].mean(dim=(2, 3)), atol=3, rtol=0)
    with av.open(str(path.with_name("copy.mp4"))) as container:
        frame = next(container.decode(video=0))
        assert (frame.format.name, frame.color_range in (0, 1)) == ("yuv420p", True)
        assert frame.colorspace != 0  # "RGB"


def test_sound_and_cover_pictures_are_left_out(tmp_path: Path) -> None:
    h264_with_b_frames(plain := tmp_path / "plain.mp4")
    path = tmp_path / "video.mp4"
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        sound = target.add_stream("aac", rate=16000)
        picture = target.add_stream_from_template(source.streams.video[0])
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16000
        target.mux([*sound.encode(silence), *sound.encode(None)])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = picture
                target.mux(packet)
    assert torch.equal(all_frames(copy(path))[0], all_frames(copy(plain))[0])


# --- quick to reach, in little memory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("keyframe_every", [1, 5, 8])
def test_keyframes_lie_at_equal_distances_whatever_the_picture_does(keyframe_every: int, tmp_path: Path) -> None:
    frames = moving_picture(30)
    frames[11:] = np.random.default_rng(0).integers(0, 256, frames[11:].shape)  # a cut, then noise
    write_video(path := tmp_path / "video.mp4", frames, frames_per_second=25)
    with VideoReader(copy(path, keyframe_every=keyframe_every)) as reader:
        timed = reader._frames
        assert isinstance(timed, TimedFrames)
        index = timed.index
    assert [index.pts.index(k.pts) for k in index.keyframes] == list(range(0, 30, keyframe_every))


def test_three_of_four_frames_between_keyframes_need_not_be_decoded(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    with av.open(str(copy(path))) as container:
        container.streams.video[0].codec_context.skip_frame = "NONREF"
        kept = [round(frame.time * 25) for frame in container.decode(video=0)]
    assert kept == [i for i in range(40) if i % 8 in (0, 4, 7)]


def test_the_index_lies_in_front(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    content = copy(path).read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_a_frame_is_written_before_the_next_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    decoded, write = VideoReader.decoded_frames, Mp4Writer.write
    monkeypatch.setattr(
        VideoReader, "decoded_frames", lambda *a: (events.append("decoded") or frame for frame in decoded(*a))
    )
    monkeypatch.setattr(Mp4Writer, "write", lambda *a: events.append("written") or write(*a))
    h264_with_b_frames(path := tmp_path / "video.mp4")
    copy(path)
    assert events == ["decoded", "written"] * 40


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "suffix"),
    [
        (h264_with_b_frames, ".mkv"),
        (write_indexed_in_front, ".mp4"),
    ],
    ids=case_name,
)
def test_a_video_that_is_cut_off_keeps_the_frames_that_the_reader_finds(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(whole := tmp_path / f"whole{suffix}")
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    frames, times = all_frames(path)
    copied, copied_times = all_frames(copy(path))
    assert 8 < len(frames) < 40
    assert copied.shape == frames.shape
    np.testing.assert_allclose(copied_times, times, rtol=0, atol=1e-9)


def test_a_destination_that_cannot_be_written_is_no_fault_of_the_source(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    with (
        VideoReader(path) as reader,
        pytest.raises(FileNotFoundError, match=r"No such file or directory: '.*gone/copy\.mp4'") as caught,
    ):
        transcode(reader, tmp_path / "gone" / "copy.mp4", short_side_px=256, keyframe_every=8, crf=20)
    assert caught.value.filename == str(tmp_path / "gone" / "copy.mp4")


def test_frames_that_the_encoder_refuses_are_told_apart(tmp_path: Path) -> None:
    frames = np.zeros((2, 136, 16_400, 3), np.uint8)  # x264 encodes at most 16,384 px
    path = tmp_path / "wide.mkv"
    write_video(path, frames, frames_per_second=25, codec="ffv1", options={})
    with pytest.raises(TranscodingError, match="while encoding its copy"):
        copy(path)


def test_the_times_of_a_copy_may_be_far_apart(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [0, 1, 40, 3_600_000])
    np.testing.assert_allclose(all_frames(copy(path))[1], [0, 0.001, 0.04, 3600], rtol=0, atol=1e-9)
