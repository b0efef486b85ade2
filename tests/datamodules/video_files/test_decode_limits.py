"""Tests of `decode_limits`: what a file claims is checked before memory is taken for it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.makers.videos.encoded_videos import h264_with_b_frames
from zsar.datamodules.video_files import decoding
from zsar.datamodules.video_files.decode_limits import MOST_PIXELS, too_large
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader, read_frames


def test_a_picture_up_to_the_limit_may_be_decoded() -> None:
    assert too_large(8192, 4320) is None
    assert too_large(4320, 8192) is None
    assert f"100000x100000 px is more than the limit of {MOST_PIXELS} px" in (too_large(100_000, 100_000) or "")


def test_a_gif_that_claims_a_huge_picture_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    size = struct.pack("<HH", 16000, 16000)
    (path := tmp_path / "huge.gif").write_bytes(
        b"GIF89a" + size + b"\xf0\0\0" + bytes(3) + b"\xff" * 3 + b",\0\0\0\0" + size + b"\0\x02\x02L\x01\0;"
    )
    with pytest.raises(VideoDecodeError, match=rf"huge\.gif: .*the limit is {MOST_PIXELS} px a picture"):
        read_frames(path, [0])


def test_frames_that_do_not_fit_into_memory_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    monkeypatch.setattr(decoding, "MOST_RESULT_BYTES", 10 * 64 * 48 * 3)
    with VideoReader(path) as reader:
        assert len(reader.frames_at_indices(range(10))) == 10
        with pytest.raises(VideoDecodeError, match=r"video\.mp4: 11 frames of 64x48 px .* limit of 92160 bytes;"):
            reader.frames_at_indices(range(11))
        assert sum(1 for _ in reader.frames_forward(range(40))) == 40


@pytest.mark.parametrize(("size", "problem"), [((128, 1), False), ((129, 1), True), ((1, 65535), True), ((0, 4), True)])
def test_a_picture_that_is_all_length_is_refused_as_resizing_it_takes_memory(
    size: tuple[int, int], problem: bool
) -> None:
    said = too_large(*size)
    assert (said is not None) == problem
    assert said is None or f"{size[0]}x{size[1]} px has a side more than 128 times" in said
