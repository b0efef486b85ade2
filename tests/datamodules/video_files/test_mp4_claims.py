"""Tests of `mp4_claims`: a file that claims absurdly many frames is refused before it is indexed."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import pytest

from tests.makers.videos.encoded_videos import h264_with_b_frames, moving_picture
from zsar.datamodules.video_files import mp4_claims
from zsar.datamodules.video_files.decode_limits import MOST_FRAMES
from zsar.datamodules.video_files.decoding import VideoDecodeError, read_frames
from zsar.datamodules.video_files.mp4_claims import check_claims, is_mp4


def claiming(path: Path, n_frames: int) -> Path:
    """A small MP4 file whose frames are all said to be of one size, which needs no table."""
    h264_with_b_frames(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"stsz") + 8
    data[at : at + 8] = struct.pack(">II", 1, n_frames)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("n_frames", "limit"), [(50_000_000, f"the limit of {MOST_FRAMES}"), (1_000_000, r"its \d+ bytes can hold")]
)
def test_more_frames_than_a_file_can_hold_are_refused(n_frames: int, limit: str, tmp_path: Path) -> None:
    path = claiming(tmp_path / "video.mp4", n_frames)
    with pytest.raises(VideoDecodeError, match=rf"video\.mp4: it claims to hold {n_frames} frames, more than {limit}"):
        read_frames(path, [0])


def test_the_frames_of_fragments_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w", container_options={"movflags": "frag_keyframe+empty_moov"}) as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in moving_picture(40):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        out.mux(stream.encode(None))
    check_claims(str(path))
    assert read_frames(path, [39]).shape == (1, 3, 48, 64)
    monkeypatch.setattr(mp4_claims, "MOST_FRAMES", 39)
    with pytest.raises(VideoDecodeError, match="it claims to hold 40 frames"):
        check_claims(str(path))


def with_plain_sound(path: Path, seconds: int) -> Path:
    """A QuickTime film of a frame a second with uncompressed sound, of which each tick is a sample."""
    with av.open(str(path), "w") as out:
        video, sound = out.add_stream("mpeg4", rate=1), out.add_stream("pcm_s16le", rate=48_000)
        video.width, video.height, video.pix_fmt, sound.layout = 64, 48, "yuv420p", "mono"
        for second, image in enumerate(moving_picture(seconds)):
            out.mux(video.encode(av.VideoFrame.from_ndarray(image)))
            silence = av.AudioFrame(format="s16", layout="mono", samples=48_000)
            silence.sample_rate, silence.pts = 48_000, second * 48_000
            out.mux(sound.encode(silence))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return path


def test_uncompressed_sound_has_more_samples_than_a_video_has_frames(tmp_path: Path) -> None:
    path = with_plain_sound(tmp_path / "camera.mov", 110)  # 5,280,000 samples
    assert read_frames(path, [109]).shape == (1, 3, 48, 64)


@pytest.mark.parametrize("table", [b"stsz", b"stsc"])
def test_more_sound_than_a_file_can_hold_is_refused(table: bytes, tmp_path: Path) -> None:
    path = with_plain_sound(tmp_path / "camera.mov", 2)
    data = bytearray(path.read_bytes())
    at = data.rindex(table) + (12 if table == b"stsz" else 16)  # the sound is the second track
    data[at : at + 4] = struct.pack(">I", 2**31)
    path.write_bytes(data)
    with pytest.raises(
        VideoDecodeError, match=r"claims to hold \d+ samples of sound, more than its \d+ bytes can hold"
    ):
        read_frames(path, [0])


@pytest.mark.parametrize(
    "data", [b"", b"moov", b"\0\0\0\x08moov", b"\xff" * 64, b"\0\0\0\0moov\0\0\0\1moov" + bytes(64)]
)
def test_anything_else_is_left_to_ffmpeg(data: bytes, tmp_path: Path) -> None:
    (path := tmp_path / "any").write_bytes(data)
    check_claims(str(path))


def test_boxes_within_boxes_end(tmp_path: Path) -> None:
    (path := tmp_path / "deep.mp4").write_bytes(
        b"".join(struct.pack(">I4s", 10_000 - 8 * i, b"moov") for i in range(1000))
    )
    check_claims(str(path))


@pytest.mark.parametrize(
    ("begin", "expected"),
    [(b"\0\0\0\x20ftypisom", True), (b"\0\0\0\x08wide", True), (b"\x1aE\xdf\xa3", False), (b"", False)],
)
def test_an_mp4_file_is_known_by_its_first_box(begin: bytes, expected: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(begin)
    assert is_mp4(str(file)) == expected
    assert not is_mp4(str(tmp_path / "none.mp4"))
