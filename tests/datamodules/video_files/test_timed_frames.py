"""Tests of `timed_frames`: frames found by their time stamps, and how little is decoded for them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.makers.videos.encoded_videos import (
    assert_equal_to_full_decoding,
    case_name,
    grey,
    h264_open_gop,
    h264_ten_bit,
    h264_with_b_frames,
    hevc,
    hevc_open_gop,
    hevc_temporal_layers,
    moving_picture,
    mpeg2,
    mpeg4_with_b_frames,
    mpeg4_without_b_frames,
    one_frame,
    ten_bit_lossless,
    variable_frame_rate,
    vp8_with_hidden_frames,
    vp9_with_hidden_frames,
)
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files import timed_frames
from zsar.datamodules.video_files.decoding import VideoReader, read_frames
from zsar.datamodules.video_files.timed_frames import PacketMismatchError, TimedFrames, index_packets
from zsar.datamodules.video_files.video_file import OpenVideo
from zsar.datamodules.video_files.writing.encoding import write_video


def test_the_packet_index_tells_when_frames_are_shown_and_what_they_depend_on(tmp_path: Path) -> None:
    options = {"g": "2", "bf": "0", "sc_threshold": "0"}
    write_video(path := tmp_path / "video.mkv", moving_picture(5), frames_per_second=10, options=options)
    video = OpenVideo(str(path), 1)
    index = index_packets(video)
    video.close()
    assert index is not None
    assert index.pts == [0, 100, 200, 300, 400]  # milliseconds
    assert index.positions == {0: 0, 100: 1, 200: 2, 300: 3, 400: 4}
    assert [keyframe[:3] for keyframe in index.keyframes] == [(0, 0, 0), (200, 2, 200), (400, 4, 400)]
    assert index.last_duration == 100


@pytest.mark.parametrize(
    ("make", "suffix"), [(h264_with_b_frames, ".h264"), (vp8_with_hidden_frames, ".webm")], ids=case_name
)
def test_files_without_time_stamps_to_rely_on_have_no_index(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    video = OpenVideo(str(path), 1)
    assert index_packets(video) is None
    video.close()


def test_timed_frames_are_those_at_their_indices(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mkv")
    video = OpenVideo(str(path), 1)
    frames = TimedFrames(video, index_packets(video))
    np.testing.assert_allclose(frames.times_seconds(), np.arange(40) / 25)
    assert frames.last_frame_seconds() == pytest.approx(1 / 25)
    images = frames.images([3, 20, 39])
    assert frames.images([3, 40]) == {}  # one lies behind the end
    video.close()
    expected = decode_everything(path)
    assert list(images) == [3, 20, 39]
    for i, image in images.items():
        assert image.shape == (48, 64, 3)
        assert torch.equal(torch.from_numpy(image.copy()).permute(2, 0, 1), expected[i])


def test_a_list_of_packets_that_the_file_contradicts_is_not_trusted(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mkv")
    video = OpenVideo(str(path), 1)
    index = index_packets(video)
    swapped = index.positions | {0: index.positions[40], 40: index.positions[0]}
    with pytest.raises(PacketMismatchError):
        TimedFrames(video, index._replace(positions=swapped)).images([0])
    video.close()


TIMED = [
    (h264_with_b_frames, ".mp4"),
    (h264_with_b_frames, ".mkv"),
    (h264_with_b_frames, ".ts"),
    (h264_open_gop, ".mp4"),
    (h264_ten_bit, ".mp4"),
    (hevc, ".mp4"),
    (hevc_open_gop, ".mkv"),
    (hevc_open_gop, ".ts"),
    (hevc_temporal_layers, ".mp4"),
    (mpeg4_with_b_frames, ".mp4"),
    (mpeg4_without_b_frames, ".avi"),
    (mpeg2, ".mkv"),
    (vp9_with_hidden_frames, ".webm"),
    (grey, ".mkv"),
    (ten_bit_lossless, ".mkv"),
    (one_frame, ".mp4"),
    (variable_frame_rate, ".mkv"),
]


@pytest.mark.parametrize(("make", "suffix"), TIMED, ids=case_name)
def test_frames_found_by_time_stamps_equal_full_decoding(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    assert assert_equal_to_full_decoding(path) is TimedFrames


def test_only_the_keyframe_before_a_target_and_what_it_needs_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yielded = []
    packets = TimedFrames._packets_from
    monkeypatch.setattr(
        TimedFrames,
        "_packets_from",
        lambda self, keyframe: (yielded.append(p.pts) or p for p in packets(self, keyframe)),
    )
    options = {"g": "10", "bf": "0", "sc_threshold": "0"}
    write_video(path := tmp_path / "video.mkv", moving_picture(40), frames_per_second=10, options=options)
    read_frames(path, [12, 30])
    assert yielded == [1000, 1100, 1200, 3000]


def test_an_edit_list_hides_the_frames_before_its_start(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    complete = read_frames(path, range(40))
    data = path.read_bytes()
    at = data.index(b"elst") + 4 + 8 + 4  # version and flags, number of entries, length of the first
    (start,) = struct.unpack(">i", data[at : at + 4])
    path.write_bytes(data[:at] + struct.pack(">i", start + 5 * 512) + data[at + 4 :])  # 512 ticks are a frame
    assert assert_equal_to_full_decoding(path) is TimedFrames
    assert torch.equal(read_frames(path, range(35)), complete[5:])


@pytest.mark.parametrize(("make", "exact"), [(hevc, True), (hevc_temporal_layers, False)], ids=case_name)
def test_hevc_frames_are_skipped_only_without_temporal_layers(
    make: Callable[[Path], None], exact: bool, tmp_path: Path
) -> None:
    make(path := tmp_path / "video.mp4")
    video = OpenVideo(str(path), 1)
    assert timed_frames._skipping_is_exact(video) is exact
    video.close()


def test_a_container_that_cannot_seek_is_decoded_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    expected = decode_everything(path)
    with VideoReader(path) as reader:
        frames = reader._frames
        assert isinstance(frames, TimedFrames)
        # The first keyframe is said to be where no seek can find it.
        nowhere = frames.index.keyframes[0]._replace(seek_to=2**62)
        monkeypatch.setattr(frames, "_index", frames.index._replace(keyframes=[nowhere]))
        assert torch.equal(reader.frames_at_indices([30, 2]), expected[[30, 2]])
    with VideoReader(path) as reader:
        monkeypatch.setattr(reader._video, "container", _Unseekable(reader._video.container))
        assert torch.equal(reader.frames_at_indices([30, 2]), expected[[30, 2]])


class _Unseekable:
    """A container that is read from front to back only."""

    def __init__(self, container: av.container.InputContainer) -> None:
        self.format = container.format
        self.close = container.close

    def seek(self, offset: int, *, stream: av.VideoStream) -> None:
        raise av.error.PermissionError(1, "Operation not permitted")


def test_a_transport_stream_with_a_gap_is_decoded_in_order(tmp_path: Path) -> None:
    h264_with_b_frames(whole := tmp_path / "whole.ts")
    data, n_flagged = whole.read_bytes(), 0
    for start in range(1880, len(data) - 1880, 940):
        (path := tmp_path / "gap.ts").write_bytes(data[:start] + data[start + 188 :])
        with av.open(str(path)) as container:
            packets = [packet for packet in container.demux(video=0) if packet.size]
        if any(packet.is_corrupt for packet in packets[:-1]):
            n_flagged += 1
            video = OpenVideo(str(path), 1)
            assert index_packets(video) is None
            video.close()
    assert n_flagged > 2


def test_an_index_that_contradicts_the_packets_of_avi_is_not_followed(tmp_path: Path) -> None:
    write_video(
        whole := tmp_path / "whole.avi", moving_picture(12), frames_per_second=25, codec="mjpeg",
        pixel_format="yuvj420p", options={},
    )  # fmt: skip
    data = bytearray(whole.read_bytes())
    fourth = [i for i in range(len(data)) if data[i : i + 4] == b"00dc"][3]
    data[fourth : fourth + 4] = b"JUNK"  # skipped by who reads packet by packet, but still in the index
    (path := tmp_path / "damaged.avi").write_bytes(data)
    with VideoReader(path) as reader:
        forward = torch.stack(list(reader.frames_forward(range(reader.n_frames))))
    assert len(forward) == 11
    for i in range(11):
        assert torch.equal(read_frames(path, [i])[0], forward[i]), i
    assert torch.equal(forward, decode_everything(path))
