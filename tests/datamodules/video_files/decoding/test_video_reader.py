"""Tests of `decoding`: chosen frames are those of full decoding, whatever the file is like."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch

from tests.makers.source_tree import SHARED
from tests.makers.videos import encoded_videos
from tests.makers.videos.encoded_videos import (
    assert_equal_to_full_decoding,
    case_name,
    h264_with_b_frames,
    hevc,
    moving_picture,
    mpeg4_with_b_frames,
    one_frame,
    write_indexed_in_front,
)
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.diagnosis.decode_check import Clip, decode_clip
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader, read_frames
from zsar.datamodules.video_files.packet_index import Keyframe
from zsar.datamodules.video_files.streaming import FrameStream, FrameStride
from zsar.datamodules.video_files.timed_frames import PacketMismatchError, TimedFrames
from zsar.datamodules.video_files.unreadable_files import refuse_unreadable
from zsar.datamodules.video_files.video_file import OpenVideo, RGBConverter
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.preparing import prepare_video
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.datamodules.video_files.writing.transcoding import TranscodingError

CLIPS = SHARED / "clips"


@pytest.mark.parametrize("threads", [0, 2])
def test_more_decoder_threads_give_the_same_frames(threads: int, tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    assert assert_equal_to_full_decoding(path, threads=threads) is TimedFrames


@pytest.mark.parametrize("name", [
    "apply_eye_makeup.avi", "arm_wrestling.mp4", "av1_360p.mkv", "flipping_a_pancake.mkv", "hevc_10bit.mp4",
    "test_pattern_hevc_720p.mp4",
])  # fmt: skip
@pytest.mark.slow
def test_frames_of_real_clips_equal_full_decoding(name: str) -> None:
    if not (CLIPS / name).is_file():
        pytest.skip(f"{CLIPS / name} is not there")
    assert_equal_to_full_decoding(CLIPS / name)


def test_a_real_corrupted_clip_is_named_in_the_error() -> None:
    if not (path := CLIPS / "corrupted.mp4").is_file():
        pytest.skip(f"{path} is not there")
    with pytest.raises(VideoDecodeError, match=r"corrupted\.mp4: Invalid data found .* \(while decoding it\)"):
        read_frames(path, [45])


def test_the_frame_asked_for_is_the_one_returned(tmp_path: Path) -> None:
    grey_levels = np.repeat(np.arange(12, dtype=np.uint8) * 20, 16 * 16 * 3).reshape(12, 16, 16, 3)
    write_video(path := tmp_path / "steps.mp4", grey_levels, frames_per_second=10, options={"crf": "0"})
    frames = read_frames(path, [7, 0, 7, 11])
    assert frames.shape == (4, 3, 16, 16)
    torch.testing.assert_close(frames[:, 0, 8, 8], torch.tensor([140, 0, 140, 220], dtype=torch.uint8), atol=2, rtol=0)


def test_only_the_wanted_frames_are_converted_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted = []
    convert = RGBConverter.rgb
    monkeypatch.setattr(RGBConverter, "rgb", lambda self, f: converted.append(f.pts) or convert(self, f))
    h264_with_b_frames(path := tmp_path / "video.mkv")
    read_frames(path, [30, 5, 30, 5])
    assert converted == [200, 1200]  # milliseconds; 25 frames a second


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts", ".avi"])
def test_a_broken_tail_leaves_the_frames_before_it(suffix: str, tmp_path: Path) -> None:
    """For MP4, with its index in front (else nothing can be read)."""
    whole = tmp_path / f"whole{suffix}"
    write_indexed_in_front(whole)
    complete = decode_everything(whole)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    with VideoReader(path) as reader:
        assert 8 < reader.n_frames < 40
        wanted = [reader.n_frames - 2, 2, 5]  # a decoder may invent the missing half of the very last one
        assert torch.equal(reader.frames_at_indices(wanted), complete[wanted])
        reader.frames_at_indices(range(reader.n_frames))
        with pytest.raises(IndexError, match=rf"frame index 39 is out of range: .*cut\{suffix} has \d+ frames"):
            reader.frames_at_indices([3, 39])


def test_frames_that_only_the_container_knows_of_are_reported(tmp_path: Path) -> None:
    """The last group's packets become fillers, which a decoder passes over without an error and without a frame."""
    hevc(path := tmp_path / "video.mp4")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        for packet in packets[36:]:
            data[packet.pos : packet.pos + 6] = struct.pack(">IH", packet.size - 4, 0x4C01)  # one NAL unit of filler
    path.write_bytes(data)
    with VideoReader(path) as reader:
        assert reader.n_frames == 40
        reader.frames_at_indices([3, 20])
        with pytest.raises(VideoDecodeError, match=r"video\.mp4: frame 39 is missing: .* lists 40 frames, .* only 36"):
            reader.frames_at_indices([3, 39])


def test_a_frame_size_that_changes_is_refused(tmp_path: Path) -> None:
    write_video(small := tmp_path / "a.h264", moving_picture(5, 32, 32), frames_per_second=25)
    write_video(large := tmp_path / "b.h264", moving_picture(5, 48, 64), frames_per_second=25)
    (path := tmp_path / "both.h264").write_bytes(small.read_bytes() + large.read_bytes())
    assert read_frames(path, [0, 4]).shape == (2, 3, 32, 32)
    with pytest.raises(VideoDecodeError, match=r"both\.h264: the frame size changes .* 32x32 px .* 64x48 px"):
        read_frames(path, [0, 9])


@pytest.mark.parametrize("suffix", [".mp4", ".h264"])
@pytest.mark.parametrize("index", [-1, 40, 1000])
def test_an_index_out_of_range_names_value_limit_and_file(suffix: str, index: int, tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / f"video{suffix}")
    with pytest.raises(
        IndexError, match=rf"frame index {index} is out of range: .*video\{suffix} has 40 frames \(0 to"
    ):
        read_frames(path, [0, index])


def test_unusable_arguments_are_refused(tmp_path: Path) -> None:
    one_frame(path := tmp_path / "video.mp4")
    with pytest.raises(ValueError, match=r"no frame indices given for .*video\.mp4"):
        read_frames(path, [])
    with pytest.raises(ValueError, match="threads must be 0"):
        VideoReader(path, threads=-1)
    with pytest.raises(TypeError, match="integer"):
        read_frames(path, [0.5])  # type: ignore[list-item]


def test_frames_outlive_their_reader_and_files_are_closed(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    open_before = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    with VideoReader(path) as reader:
        frames = reader.frames_at_indices([0, 39])
    expected = frames.clone()
    for _ in range(5):
        read_frames(path, [20])
    assert torch.equal(frames, expected)
    open_after = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0
    assert open_after == open_before


def test_ffmpeg_does_not_write_to_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_indexed_in_front(path := tmp_path / "video.mkv")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    path.write_bytes(data)
    capfd.readouterr()  # the encoder may have its say
    with pytest.raises((VideoDecodeError, IndexError)):
        read_frames(path, range(40))
    assert capfd.readouterr() == ("", "")


# --- forward ----------------------------------------------------------------------------------------------------------


KINDS = (
    h264_with_b_frames,
    encoded_videos.h264_open_gop,
    encoded_videos.h264_intra_refresh,
    encoded_videos.h264_interlaced,
    encoded_videos.hevc_open_gop,
    encoded_videos.hevc_temporal_layers,
    mpeg4_with_b_frames,
    encoded_videos.mpeg2,
    encoded_videos.vp8_with_hidden_frames,
    one_frame,
)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
@pytest.mark.parametrize("make", KINDS, ids=case_name)
def test_frames_read_forward_equal_full_decoding(make: Callable[[Path], None], suffix: str, tmp_path: Path) -> None:
    if make is encoded_videos.vp8_with_hidden_frames:
        suffix = ".webm"  # MP4 holds no VP8
    elif make is mpeg4_with_b_frames and suffix == ".mp4":
        suffix = ".avi"
    make(path := tmp_path / f"video{suffix}")
    full = decode_everything(path)
    n = len(full)
    with VideoReader(path) as reader:
        for wanted in (range(n), range(0, n, 3), range(n // 2, n, 17), [n - 1], [0, n - 1][n == 1 :]):
            frames = list(reader.frames_forward(wanted))
            assert torch.equal(torch.stack(frames), full[list(wanted)]), wanted


def test_reading_forward_decodes_no_packet_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")  # a keyframe every 12 frames
    sought: list[int] = []
    packets_from = TimedFrames._packets_from

    def noting(self: TimedFrames, keyframe: Keyframe) -> Iterator[Any]:
        sought.append(keyframe.position)
        return packets_from(self, keyframe)

    monkeypatch.setattr(TimedFrames, "_packets_from", noting)
    with VideoReader(path) as reader:
        list(reader.frames_forward(range(40)))
        assert sought == [0]
        sought.clear()
        list(reader.frames_forward([1, 13, 39]))  # the group from 24 to 35 is jumped over
        assert len(sought) == 2
        assert sought[0] == 0


@pytest.mark.parametrize("n_given", [0, 5, 39])
def test_a_doubt_on_the_way_forward_is_settled_by_counting(
    n_given: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    forward = TimedFrames.forward

    def doubting(self: TimedFrames, wanted: Sequence[int], convert: Callable[[Any], Any]) -> Iterator[Any]:
        yield from islice(forward(self, wanted, convert), n_given)
        raise PacketMismatchError

    monkeypatch.setattr(TimedFrames, "forward", doubting)
    with VideoReader(path) as reader:
        assert torch.equal(torch.stack(list(reader.frames_forward(range(40)))), decode_everything(path))


def test_frames_that_are_missing_on_the_way_forward_are_reported(tmp_path: Path) -> None:
    hevc(path := tmp_path / "video.mp4")
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        for packet in [p for p in container.demux(video=0) if p.size][36:]:
            data[packet.pos : packet.pos + 6] = struct.pack(">IH", packet.size - 4, 0x4C01)  # one NAL unit of filler
    path.write_bytes(data)
    with VideoReader(path) as reader, pytest.raises(VideoDecodeError, match="lists 40 frames, but only 36 can be"):
        list(reader.frames_forward(range(40)))


def test_a_size_that_changes_on_the_way_forward_is_reported(tmp_path: Path) -> None:
    write_video(small := tmp_path / "a.h264", moving_picture(5, 32, 32), frames_per_second=25)
    write_video(large := tmp_path / "b.h264", moving_picture(5, 48, 64), frames_per_second=25)
    (path := tmp_path / "both.h264").write_bytes(small.read_bytes() + large.read_bytes())
    with VideoReader(path) as reader, pytest.raises(VideoDecodeError, match=r"changes .* 32x32 px at first, 64x48 px"):
        list(reader.frames_forward(range(10)))


def test_forward_takes_increasing_indices_of_the_video(tmp_path: Path) -> None:
    write_video(path := tmp_path / "video.mp4", moving_picture(4), frames_per_second=25)
    with VideoReader(path) as reader:
        for wanted in ([], [-1, 2], [2, 1], [1, 1]):
            with pytest.raises(ValueError, match="indices must be 0 or more and increase"):
                reader.frames_forward(wanted)
        with pytest.raises(IndexError, match=r"frame index 4 is out of range: .*video\.mp4 has 4 frames"):
            reader.frames_forward([0, 4])


# --- whatever PyAV raises ---------------------------------------------------------------------------------------------


def _by_index(path: Path) -> None:
    with VideoReader(path) as reader:
        reader.frames_at_indices([5])


def _forward(path: Path) -> None:
    with VideoReader(path) as reader:
        list(reader.frames_forward(range(40)))


def _decoded(path: Path) -> None:
    with VideoReader(path) as reader:
        list(reader.decoded_frames())


def _streamed(path: Path) -> None:
    with FrameStream(path, 32, geometry="squash", stride=FrameStride(3), chunk_size=8) as stream:
        list(stream.chunks())


def _prepared(path: Path) -> None:
    prepare_video(path, path.with_name("copy.mp4"), PreparingSettings(short_side_px=32))


def _checked(path: Path) -> None:
    problem = decode_clip(Clip(str(path), None, 4, 1))[1]
    if problem is not None:
        raise VideoDecodeError(f"{path}: {problem}")


READINGS = [_by_index, _forward, _decoded, _streamed, _prepared, _checked]
STEPS = {
    "demux": (OpenVideo, "packets"),
    "decode": (OpenVideo, "decode"),
    "seek": (OpenVideo, "seek"),
    "reformat": (RGBConverter, "rgb"),
}
RAISED = [
    IndexError("list index out of range"),
    RuntimeError("no"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    OverflowError("int too big"),
    AttributeError("'NoneType' object has no attribute 'x'"),
    MemoryError("cannot allocate"),
]


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", STEPS)
def test_whatever_pyav_raises_is_an_error_that_names_the_file(
    step: str, raised: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")

    def failing(*arguments: object) -> None:
        raise raised

    monkeypatch.setattr(*STEPS[step], failing)
    messages = []
    for read in READINGS:
        try:
            read(path)
        except (VideoDecodeError, TranscodingError) as error:
            messages.append(str(error))
    assert len(messages) >= (3 if step == "reformat" else 4)  # copies are made without RGB
    assert [message for message in messages if not message.startswith(f"{path}: ") or "\n" in message] == []


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
def test_whatever_pyav_raises_on_opening_is_an_error_that_names_the_file(
    raised: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")

    def failing(*arguments: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr("zsar.datamodules.video_files.video_file.av.open", failing)
    for read in READINGS:
        with pytest.raises((VideoDecodeError, TranscodingError), match=rf"{path}: .*\(while opening it\)$"):
            read(path)
    with pytest.raises(VideoDecodeError, match=r"video\.mp4"):
        refuse_unreadable(VideoTable(tmp_path, ["video.mp4"], [0]), "test")
