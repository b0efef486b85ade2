"""Tests of `preparing`: one video of a small copy."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from tests.makers.videos.encoded_videos import h264_with_b_frames, moving_picture
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader, read_frames
from zsar.datamodules.video_files.writing import preparing
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.preparing import PreparedVideo, prepare_video
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.datamodules.video_files.writing.transcoding import Transcoded, TranscodingError

SETTINGS = PreparingSettings()


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"short_side_px": 255}, "the short side must be even and at least 16 px; got 255"),
        ({"short_side_px": 14}, "the short side must be even and at least 16 px; got 14"),
        ({"keyframe_every": 0}, "keyframe_every must be at least 1 frame; got 0"),
        ({"crf": 52}, r"crf must be 0 \(lossless\) to 51 \(worst\); got 52"),
    ],
)
def test_settings_out_of_range_are_refused(numbers: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PreparingSettings(**numbers)


# --- one video --------------------------------------------------------------------------------------------------------


def test_a_prepared_video_is_described_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_video(source := tmp_path / "video.avi", moving_picture(20, 60, 80), frames_per_second=10, codec="mpeg4")
    destination = tmp_path / "copy" / "deep" / "video.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(short_side_px=48))
    status = source.stat()
    n_bytes = destination.stat().st_size
    assert prepared == PreparedVideo(status.st_size, status.st_mtime_ns, n_bytes, 20, 64, 48, 0, 0.0)
    assert list(destination.parent.iterdir()) == [destination]
    with VideoReader(destination) as reader:
        assert reader.frames_at_indices(range(20)).shape == (20, 3, 48, 64)
        np.testing.assert_allclose(reader.times_seconds, np.arange(20) / 10, rtol=0, atol=1e-9)


def joined(path: Path, *sizes: tuple[int, int]) -> None:
    """A video of ten frames of each size, height and width, as recordings that were joined are."""
    both = path.with_suffix(".h264")
    parts = b""
    for height, width in sizes:
        write_video(part := path.with_name("part.h264"), moving_picture(10, height, width), frames_per_second=25)
        parts += part.read_bytes()
    both.write_bytes(parts)
    if path == both:
        return
    with av.open(str(both)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for i, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            packet.pts = packet.dts = 40 * i
            packet.time_base, packet.stream = Fraction(1, 1000), stream
            target.mux(packet)


@pytest.mark.parametrize("suffix", [".h264", ".mkv", ".ts"])
def test_a_video_that_changes_its_size_has_a_copy_of_one(suffix: str, tmp_path: Path) -> None:
    joined(source := tmp_path / f"video{suffix}", (96, 128), (48, 64), (128, 64))
    destination = tmp_path / "copy" / "video.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(short_side_px=48, crf=5))
    with VideoReader(source) as reader, VideoReader(destination) as copy:
        assert prepared.n_frames == reader.n_frames == copy.n_frames
        assert (prepared.width_px, prepared.height_px) == (64, 48)
        np.testing.assert_allclose(copy.times_seconds, reader.times_seconds, rtol=0, atol=1e-6)
        frames = copy.frames_at_indices(range(copy.n_frames)).float()
        last = reader.frames_at_indices([reader.n_frames - 1]).float()
    assert frames.shape[1:] == (3, 48, 64)
    assert prepared.n_refitted == 20
    # 64 x 128 px become 24 x 48 px between two bars of 20 px.
    assert frames[-1, :, :, :18].amax() < 12
    expected = interpolate(last, size=(48, 24), mode="bicubic", antialias=True)[0]
    assert (frames[-1, :, :, 20:44] - expected).abs().mean() < 12


def test_settings_change_quality_and_keyframes(tmp_path: Path) -> None:
    h264_with_b_frames(source := tmp_path / "video.mp4")
    plain = prepare_video(source, tmp_path / "plain.mp4", SETTINGS).n_bytes
    assert prepare_video(source, tmp_path / "worse.mp4", PreparingSettings(crf=35)).n_bytes < plain
    assert prepare_video(source, tmp_path / "denser.mp4", PreparingSettings(keyframe_every=1)).n_bytes > plain


def test_the_same_video_gives_the_same_bytes(tmp_path: Path) -> None:
    h264_with_b_frames(source := tmp_path / "video.mp4")
    for name in ("a.mp4", "b.mp4"):
        prepare_video(source, tmp_path / name, SETTINGS)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_broken_video_leaves_nothing_and_what_was_there_before(tmp_path: Path) -> None:
    h264_with_b_frames(whole := tmp_path / "whole.mp4")
    (source := tmp_path / "video.mp4").write_bytes(whole.read_bytes()[:-200])  # its index is cut off
    (destination := tmp_path / "copy" / "video.mp4").parent.mkdir()
    destination.write_bytes(b"before")
    with pytest.raises(VideoDecodeError, match=r"/video\.mp4: Invalid data"):
        prepare_video(source, destination, SETTINGS)
    assert list(destination.parent.iterdir()) == [destination]
    assert destination.read_bytes() == b"before"


def broken_copies(good: Path, tmp_path: Path) -> dict[str, Path]:
    """Files that are not what they should be, beside a good copy of 40 frames of 64 x 48 px, 25 a second."""
    frames = moving_picture(40)
    write_video(fewer := tmp_path / "fewer.mp4", frames[:39], frames_per_second=25)
    write_video(later := tmp_path / "later.mp4", frames, frames_per_second=24)
    write_video(larger := tmp_path / "larger.mp4", moving_picture(40, 64, 64), frames_per_second=25)
    (cut := tmp_path / "cut.mp4").write_bytes(good.read_bytes()[:300])
    return {
        "39 frames instead of 40": fewer,
        "shown at different times": later,
        r"has \[64, 64\] px instead of \[48, 64\]": larger,
        "its copy cannot be read": cut,
    }


def test_a_copy_that_is_not_like_its_source_is_never_given_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264_with_b_frames(source := tmp_path / "video.mp4")
    destination = tmp_path / "copy" / "video.mp4"
    for problem, file in broken_copies(source, tmp_path).items():

        def transcode(source: Path, destination: Path, file: Path = file, **settings: object) -> Transcoded:
            shutil.copyfile(file, destination)
            return Transcoded(64, 48, 0)

        monkeypatch.setattr(preparing, "transcode", transcode)
        with pytest.raises(TranscodingError, match=rf"^{source}: .*{problem}"):
            prepare_video(source, destination, SETTINGS)
        assert list(destination.parent.iterdir()) == []


REAL_CLIPS = ["apply_eye_makeup.avi", "arm_wrestling.mp4", "flipping_a_pancake.mkv"]


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL_CLIPS)
def test_real_clips_keep_their_frames_and_times(name: str, shared_clips: Path, tmp_path: Path) -> None:
    source, destination = shared_clips / name, tmp_path / "copy.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(crf=0))  # lossless: any other frame would show
    with VideoReader(source) as reader, VideoReader(destination) as copy:
        assert copy.n_frames == reader.n_frames == prepared.n_frames > 150
        np.testing.assert_allclose(copy.times_seconds, reader.times_seconds, rtol=0, atol=1e-9)
        every = range(copy.n_frames)
        assert torch.equal(copy.frames_at_indices(every), reader.frames_at_indices(every))


@pytest.mark.slow
@pytest.mark.parametrize("short_side_px", [256, 128])
@pytest.mark.parametrize("name", REAL_CLIPS)
def test_real_clips_look_as_before(name: str, short_side_px: int, shared_clips: Path, tmp_path: Path) -> None:
    source, destination = shared_clips / name, tmp_path / "copy.mp4"
    prepared = prepare_video(source, destination, PreparingSettings(short_side_px=short_side_px))
    before, after = (read_frames(path, range(0, prepared.n_frames, 9)).float() for path in (source, destination))
    size = tuple(after.shape[2:])
    assert min(size) == min(short_side_px, *before.shape[2:])
    before = interpolate(before, size=size, mode="bicubic", antialias=True).clamp(0, 255)
    decibels = 10 * torch.log10(255**2 / (before - after).square().mean(dim=(1, 2, 3)))
    assert decibels.min() > 31
