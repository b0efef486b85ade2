"""Tests of `counted_frames`: frames found by counting, which are decoded no more often than needed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from tests.makers.videos.encoded_videos import (
    assert_equal_to_full_decoding,
    case_name,
    h264_interlaced,
    h264_intra_refresh,
    h264_with_b_frames,
    mpeg4_with_b_frames,
    vp8_with_hidden_frames,
)
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.counted_frames import CountedFrames
from zsar.datamodules.video_files.decoding import read_frames


@pytest.mark.parametrize("counted_before", [False, True])
def test_counted_frames_are_those_at_their_indices(counted_before: bool, tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    frames = CountedFrames(str(path), 1)
    if counted_before:
        assert len(frames.times_seconds()) == 40
    images = frames.images([3, 20, 39, 40])  # the last lies behind the end
    expected = decode_everything(path)
    assert list(images) == [3, 20, 39]
    for i, image in images.items():
        assert image.shape == (48, 64, 3)
        assert torch.equal(torch.from_numpy(image.copy()).permute(2, 0, 1), expected[i])


COUNTED = [
    (h264_with_b_frames, ".h264"),
    (h264_with_b_frames, ".avi"),
    (h264_intra_refresh, ".mp4"),
    (h264_interlaced, ".mp4"),
    (mpeg4_with_b_frames, ".avi"),
    (vp8_with_hidden_frames, ".webm"),
]


@pytest.mark.parametrize(("make", "suffix"), COUNTED, ids=case_name)
def test_frames_found_by_counting_equal_full_decoding(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    assert assert_equal_to_full_decoding(path) is CountedFrames


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_b_frames_packed_two_in_a_packet_are_counted(suffix: str, tmp_path: Path) -> None:
    mpeg4_with_b_frames(plain := tmp_path / "plain.avi")
    write_packed(plain, path := tmp_path / f"packed{suffix}")
    assert assert_equal_to_full_decoding(path) is CountedFrames
    expected = read_frames(plain, range(30))
    for i in range(30):  # one by one: some alone give the decoder no occasion to contradict the container
        assert torch.equal(read_frames(path, [i]), expected[i : i + 1])


def write_packed(plain: Path, packed: Path) -> None:
    """Packs each B-frame that follows a reference frame into its packet, as old DivX and Xvid encoders do."""
    with av.open(str(plain)) as source, av.open(str(packed), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        payloads = [bytes(p) for p in source.demux(video=0) if p.size]
        marker = b"\x00\x00\x01\xb2DivX503b1393p\x00"
        start = payloads[0].index(b"\x00\x00\x01\xb6")
        payloads[0] = payloads[0][:start] + marker + payloads[0][start:]
        coding_type = [p[p.index(b"\x00\x00\x01\xb6") + 4] >> 6 for p in payloads]  # 0: I, 1: P, 2: B
        for i in range(len(payloads) - 1):
            if coding_type[i] == 1 and coding_type[i + 1] == 2:
                payloads[i] += payloads[i + 1]
                payloads[i + 1] = b"\x00\x00\x01\xb6\x50\x00\x00"  # "this frame is not coded"
        for i, payload in enumerate(payloads):
            packet = av.Packet(payload)
            packet.stream, packet.dts, packet.pts, packet.time_base = stream, i, i, Fraction(1, 25)
            target.mux(packet)
