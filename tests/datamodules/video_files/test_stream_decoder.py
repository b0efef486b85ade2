"""Tests of `stream_decoder`: pixels depend on the file, not on what was decoded or is held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import assert_equal_to_full_decoding, moving_picture, vp8_with_hidden_frames
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.video_file import OpenVideo, RGBConverter
from zsar.datamodules.video_files.writing.encoding import write_video


def write_motion_jpeg(path: Path) -> None:
    write_video(path, moving_picture(8), frames_per_second=25, codec="mjpeg", pixel_format="yuvj420p", options={})


def decoded(path: Path, *, change: dict[int, bytes], holds: bool = False) -> list[np.ndarray]:
    """The frames of a video after the contents of some packets were changed."""
    images: list[np.ndarray] = []
    held: list[av.VideoFrame] = []
    video = OpenVideo(str(path), 1, conceal=True)
    packets: list[Any] = [*video.packets(), None]
    for number, data in change.items():
        before, packets[number] = packets[number], av.Packet(data)
        packets[number].pts, packets[number].dts = before.pts, before.dts
        packets[number].time_base, packets[number].is_keyframe = before.time_base, before.is_keyframe
    for packet in packets:
        try:
            frames = video.decode(packet)
        except av.FFmpegError:
            continue
        images += [RGBConverter().rgb(frame).copy() for frame in frames]
        held += frames if holds else []
        del frames
    video.close()
    return images


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_keyframe_is_not_affected_by_tables_of_an_earlier_one(tmp_path: Path) -> None:
    write_motion_jpeg(path := tmp_path / "video.avi")
    third = packets_of(path)[2]
    comment = b"CS=ITU601\0"  # which changes the range of the colours, from then on
    other_range = third[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + third[2:]
    sound, changed = decoded(path, change={}), decoded(path, change={2: other_range})
    assert [i for i in range(8) if not np.array_equal(sound[i], changed[i])] == [2]


def test_what_a_decoder_leaves_unwritten_does_not_depend_on_who_holds_frames(tmp_path: Path) -> None:
    vp8_with_hidden_frames(path := tmp_path / "video.webm")
    change = {number: data[: len(data) // 2] for number, data in enumerate(packets_of(path)) if number % 3 == 1}
    held, freed = decoded(path, change=change, holds=True), decoded(path, change=change)
    assert len(held) == len(freed) > 20
    assert all(np.array_equal(a, b) for a, b in zip(held, freed, strict=True))


@pytest.mark.parametrize("threads", [0, 1, 3])
@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix"),
    [
        ("mjpeg", "yuvj420p", ".avi"),
        ("mjpeg", "yuvj444p", ".mp4"),
        ("ffv1", "yuv420p", ".mkv"),
        ("ffv1", "gray16le", ".avi"),
        ("ffv1", "bgr0", ".mkv"),
    ],
)
def test_decoders_that_are_renewed_give_what_full_decoding_gives(
    codec: str, pixel_format: str, suffix: str, threads: int, tmp_path: Path
) -> None:
    path = tmp_path / f"video{suffix}"
    options = {"g": "4"} if codec == "ffv1" else {}
    write_video(path, moving_picture(13), frames_per_second=25, codec=codec, pixel_format=pixel_format, options=options)
    assert_equal_to_full_decoding(path, threads=threads)
    with VideoReader(path, threads=threads) as reader:
        by_index = reader.frames_at_indices(range(13))
        assert torch.equal(torch.stack(list(reader.frames_forward(range(13)))), by_index)
        list(zip(range(2), reader.frames_forward(range(13)), strict=False))  # left in the middle
        assert torch.equal(reader.frames_at_indices([7])[0], by_index[7])
