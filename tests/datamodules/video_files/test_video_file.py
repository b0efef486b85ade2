"""Tests of `video_file`: the right stream is opened, frames come upright, errors name the file."""

from __future__ import annotations

import gc
import pickle
import re
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame
from torch.utils.data import DataLoader, Dataset

from tests.makers.files.shards import pack
from tests.makers.videos.encoded_videos import (
    assert_equal_to_full_decoding,
    h264_with_b_frames,
    moving_picture,
    one_frame,
)
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.decoding import VideoReader, read_frames
from zsar.datamodules.video_files.timed_frames import TimedFrames
from zsar.datamodules.video_files.video_file import (
    OpenVideo,
    RGBConverter,
    VideoDecodeError,
    errors_name,
    frame_seconds,
    seconds_from,
    tick_seconds,
)
from zsar.datamodules.video_files.writing.encoding import write_video


def test_the_packets_of_an_open_video_are_those_of_its_frames(tmp_path: Path) -> None:
    h264_with_b_frames(plain := tmp_path / "plain.mp4")
    write_with_extras(plain, path := tmp_path / "extras.mp4")
    video = OpenVideo(str(path), 1)
    assert video.stream.codec_context.name == "h264"  # not the cover picture's, which comes first
    packets = list(video.packets())
    video.close()
    assert len(packets) == 40
    assert all(packet.size > 0 for packet in packets)


def seen_of(path: Path) -> object:
    """Times and frames of a video, or what is wrong with it."""
    try:
        with VideoReader(path) as reader:
            return reader.times_seconds.tolist(), reader.images_at_indices(range(reader.n_frames)).tobytes()
    except VideoDecodeError as error:
        return str(error)


def test_a_video_in_a_shard_is_read_as_its_file_whatever_it_is(tmp_path: Path) -> None:
    for suffix in (".mp4", ".mkv", ".ts", ".h264"):
        write_video(tmp_path / f"h264{suffix}", moving_picture(6), frames_per_second=25)
    mpeg4 = {"codec": "mpeg4", "options": {"bf": "2"}}
    for suffix in (".avi", ".mpg"):
        write_video(tmp_path / f"mpeg4{suffix}", moving_picture(6), frames_per_second=25, **mpeg4)
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "h264.mp4").read_bytes()[:-200])
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "list.mp4").write_text(f"#EXTM3U\n{tmp_path / 'h264.ts'}\n")
    (tmp_path / "empty.mp4").write_bytes(b"")
    n_samples = (2**31).to_bytes(4, "big")
    sizes = struct.pack(">I", 20) + b"stsz" + bytes(4) + b"\0\0\0\1" + n_samples
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        sizes = struct.pack(">I", 8 + len(sizes)) + kind + sizes
    (tmp_path / "claims.mp4").write_bytes(sizes)
    paths = sorted(tmp_path.iterdir())
    from_files = {path.name: seen_of(path) for path in paths}
    assert sum(isinstance(seen, tuple) for seen in from_files.values()) >= 6
    assert "claims to hold 2147483648 frames" in str(from_files["claims.mp4"])
    assert "playlist" in str(from_files["list.mp4"])
    pack(tmp_path)
    assert {path.name: seen_of(path) for path in paths} == from_files


def test_frames_are_converted_to_rgb(tmp_path: Path) -> None:
    picture = moving_picture(1)
    write_video(
        path := tmp_path / "video.mkv", picture, frames_per_second=25, codec="ffv1", pixel_format="bgr0", options={}
    )
    video = OpenVideo(str(path), 1)
    rgb = RGBConverter().rgb(next(frame for packet in video.packets() for frame in video.codec.decode(packet)))
    video.close()
    assert rgb.dtype == np.uint8
    np.testing.assert_array_equal(rgb, picture[0])


def test_converted_frames_are_freed_without_the_garbage_collector(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    video, converter = OpenVideo(str(path), 1), RGBConverter()
    gc.collect()
    before = {id(thing) for thing in gc.get_objects() if type(thing) is VideoFrame}  # held by other tests
    gc.disable()
    try:
        for packet in video.packets():
            for frame in video.codec.decode(packet):
                converter.rgb(frame)
        del packet, frame
        left = [thing for thing in gc.get_objects() if type(thing) is VideoFrame and id(thing) not in before]
    finally:
        gc.enable()
        video.close()
    assert len(left) <= 2  # those that the converter works with


def test_the_clock_of_a_stream_is_given_in_seconds(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mkv")  # 25 frames a second; Matroska counts milliseconds
    video = OpenVideo(str(path), 1)
    assert tick_seconds(video.stream) == pytest.approx(0.001)
    assert frame_seconds(video.stream) == pytest.approx(0.04)
    seconds = seconds_from(2.0, [500, 540, 1500], video.stream)
    video.close()
    assert seconds.dtype == np.float64
    np.testing.assert_allclose(seconds, [2.0, 2.04, 3.0])


CAUSES = {
    "with words of its own": (ValueError("it has no frame rate"), "it has no frame rate"),
    "of the operating system": (PermissionError(13, "Permission denied"), "Permission denied"),
    "without a word": (MemoryError(), "MemoryError"),
}


@pytest.mark.parametrize("case", CAUSES)
def test_errors_name_file_cause_and_step(case: str) -> None:
    cause, words = CAUSES[case]
    message = rf"^a\.mp4: {words} \(while opening it\)$"
    with pytest.raises(VideoDecodeError, match=message) as caught, errors_name("a.mp4", "opening it"):
        raise cause
    assert caught.value.__cause__ is cause


def test_what_already_names_the_file_is_left_as_it_is() -> None:
    with pytest.raises(VideoDecodeError, match=r"^a\.mp4: the file is empty$"), errors_name("a.mp4", "opening it"):
        raise VideoDecodeError("a.mp4: the file is empty")


# (a, b, c, d) of ISO 14496-12's matrix ((a, b, u), (c, d, v), ...): the pixel (x, y) goes to (a x + c y, b x + d y).
DISPLAY_MATRICES = {
    "quarter turn clockwise": ((0, 1, -1, 0), lambda f: torch.rot90(f, -1, (2, 3))),
    "half turn": ((-1, 0, 0, -1), lambda f: torch.rot90(f, 2, (2, 3))),
    "quarter turn counterclockwise": ((0, -1, 1, 0), lambda f: torch.rot90(f, 1, (2, 3))),
    "mirrored": ((-1, 0, 0, 1), lambda f: f.flip(3)),
    "upside down mirror": ((1, 0, 0, -1), lambda f: f.flip(2)),
    "transposed": ((0, 1, 1, 0), lambda f: f.transpose(2, 3)),
}


@pytest.mark.parametrize("name", DISPLAY_MATRICES)
def test_frames_come_upright(name: str, tmp_path: Path) -> None:
    (a, b, c, d), turn = DISPLAY_MATRICES[name]
    h264_with_b_frames(path := tmp_path / "video.mp4")
    as_stored = read_frames(path, [0, 21])
    identity = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    header, matrix, rest = path.read_bytes().rpartition(identity)  # the last one is the track's, the first the movie's
    assert matrix
    path.write_bytes(header + struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30) + rest)
    assert torch.equal(read_frames(path, [0, 21]), turn(as_stored))


def test_rotated_frames_equal_full_decoding(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    data = path.read_bytes()
    identity = struct.pack(">5i", 1 << 16, 0, 0, 0, 1 << 16)
    at = data.rindex(identity)
    path.write_bytes(data[:at] + struct.pack(">5i", 0, 1 << 16, 0, -1 << 16, 0) + data[at + 20 :])
    assert decode_everything(path).shape == (40, 3, 64, 48)
    assert assert_equal_to_full_decoding(path) is TimedFrames


def test_audio_and_cover_pictures_are_passed_over(tmp_path: Path) -> None:
    h264_with_b_frames(plain := tmp_path / "plain.mp4")
    write_with_extras(plain, path := tmp_path / "extras.mp4")
    with av.open(str(path)) as container:
        assert sorted(s.type for s in container.streams) == ["audio", "video", "video"]
    assert torch.equal(read_frames(path, [3, 39, 20]), read_frames(plain, [3, 39, 20]))


def write_with_extras(plain: Path, path: Path, *, video: bool = True) -> None:
    """The same video with a cover picture before it and a track of silence."""
    with av.open(str(plain)) as source, av.open(str(path), "w") as target:
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        sound = target.add_stream("aac", rate=16000)
        copy = target.add_stream_from_template(source.streams.video[0]) if video else None
        target.mux(cover.encode(av.VideoFrame(32, 32, "yuvj420p")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 16000
        target.mux([*sound.encode(silence), *sound.encode(None)])
        for packet in source.demux(video=0):
            if copy is not None and packet.size:
                packet.stream = copy
                target.mux(packet)


def test_audio_with_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    h264_with_b_frames(plain := tmp_path / "plain.mp4")
    write_with_extras(plain, path := tmp_path / "song.mp4", video=False)
    with pytest.raises(VideoDecodeError, match=r"song\.mp4: there is no video stream in it; it holds: audio, video"):
        VideoReader(path)


UNREADABLE = {
    "empty": (b"", r"file\.mp4: the file is empty"),
    "text": (b"not a video " * 300, r"file\.mp4: Invalid data found .* \(while opening it\)"),
    "missing": (None, r"file\.mp4: No such file or directory"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_video_is_named_in_the_error(case: str, tmp_path: Path) -> None:
    content, message = UNREADABLE[case]
    if content is not None:
        (tmp_path / "file.mp4").write_bytes(content)
    with pytest.raises(VideoDecodeError, match=message):
        VideoReader(tmp_path / "file.mp4")


def test_a_directory_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError, match=f"{re.escape(str(tmp_path))}: it is a folder"):
        VideoReader(tmp_path)


def test_a_name_that_looks_like_a_protocol_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_frame(tmp_path / "plain.mp4")
    (tmp_path / "plain.mp4").rename(tmp_path / "concat:a|b %d.mp4")
    monkeypatch.chdir(tmp_path)
    assert read_frames("concat:a|b %d.mp4", [0]).shape == (1, 3, 48, 64)


class _Broken(Dataset[torch.Tensor]):
    """A data set whose only file is no video."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> torch.Tensor:
        return read_frames(self.path, [0])


def test_the_error_passes_through_data_loader_workers_and_pickling(tmp_path: Path) -> None:
    (path := tmp_path / "broken.mp4").write_bytes(b"")
    with pytest.raises(VideoDecodeError, match=r"broken\.mp4: the file is empty"):
        next(iter(DataLoader(_Broken(path), num_workers=1)))
    error = pickle.loads(pickle.dumps(VideoDecodeError("a.mp4: cut off")))
    assert isinstance(error, VideoDecodeError)
    assert str(error) == "a.mp4: cut off"
