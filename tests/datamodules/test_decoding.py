"""Tests of `datamodules.decoding`: chosen frames are those of full decoding, whatever the file is like."""

from __future__ import annotations

import pickle
import random
import re
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from datamodules import decoding
from datamodules.decoding import VideoDecodeError, VideoReader, read_frames
from datamodules.encoding import write_video
from tests.reference.full_decoding import decode_everything

CLIPS = Path(__file__).parents[3] / "shared" / "clips"
X264 = {"preset": "veryfast", "g": "12", "bf": "3"}
QUIET_X265 = {"preset": "ultrafast", "x265-params": "log-level=none:keyint=12:bframes=3:pools=none:frame-threads=1"}


def moving_picture(n_frames: int, height: int = 48, width: int = 64) -> np.ndarray:
    """uint8 [T, H, W, 3]: a gradient that wanders, so that no two frames are alike, with a bright top left corner."""
    t, y, x = np.ogrid[:n_frames, :height, :width]
    frames = np.stack(np.broadcast_arrays(4 * x + 5 * t, 5 * y + 3 * t, x + y + 9 * t), axis=-1) % 200
    frames[:, : height // 3, : width // 3] = 250
    return frames.astype(np.uint8)


def write_with_pts(path: Path, pts: Sequence[int], *, codec: str = "libx264", options: dict[str, str] = X264) -> None:
    """A video whose frames are shown at given milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for image, at in zip(moving_picture(len(pts)), pts, strict=True):
            frame = av.VideoFrame.from_ndarray(image)
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def assert_equal_to_full_decoding(path: Path, **settings: int) -> type:
    """Compares random index sets with full decoding; returns which of the two ways was taken."""
    full = decode_everything(path)
    draw = random.Random(0)
    index_sets = [[draw.randrange(len(full)) for _ in range(t)] for t in (1, 1, 3, 8, 8)]
    with VideoReader(path, **settings) as reader:
        assert reader.n_frames == len(full)
        for indices in [*index_sets, list(range(len(full))), [len(full) - 1], [0]]:
            frames = reader.frames_at_indices(indices)
            assert frames.shape == (len(indices), *full.shape[1:])
            assert frames.dtype == torch.uint8
            assert torch.equal(frames, full[indices]), indices
        return type(reader._frames)


def h264_with_b_frames(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, options=X264)


def h264_open_gop(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, options=X264 | {"x264-params": "open-gop=1"})


def h264_intra_refresh(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, options=X264 | {"intra-refresh": "1"})


def h264_interlaced(path: Path) -> None:
    options = X264 | {"x264-params": "interlaced=1"}
    write_video(path, moving_picture(20, 64, 64), frames_per_second=25, options=options)


def h264_ten_bit(path: Path) -> None:
    write_video(path, moving_picture(20), frames_per_second=25, pixel_format="yuv420p10le", options=X264)


def hevc(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, codec="libx265", options=QUIET_X265)


def hevc_open_gop(path: Path) -> None:
    options = QUIET_X265 | {"x265-params": QUIET_X265["x265-params"] + ":open-gop=1"}
    write_video(path, moving_picture(40), frames_per_second=25, codec="libx265", options=options)


def hevc_temporal_layers(path: Path) -> None:
    options = QUIET_X265 | {"x265-params": QUIET_X265["x265-params"] + ":temporal-layers=3"}
    write_video(path, moving_picture(40), frames_per_second=25, codec="libx265", options=options)


def mpeg4_with_b_frames(path: Path) -> None:
    # Large enough that no packet is as small as the place holder of a packed frame.
    write_video(path, moving_picture(40, 96, 128), frames_per_second=25, codec="mpeg4", options={"bf": "2", "g": "12"})


def mpeg4_without_b_frames(path: Path) -> None:
    # Large enough that no packet is as small as the place holder of a packed frame.
    write_video(path, moving_picture(40, 96, 128), frames_per_second=25, codec="mpeg4", options={"bf": "0", "g": "12"})


def mpeg2(path: Path) -> None:
    write_video(path, moving_picture(40), frames_per_second=25, codec="mpeg2video", options={"bf": "2", "g": "12"})


def vp8_with_hidden_frames(path: Path) -> None:
    options = {"auto-alt-ref": "1", "lag-in-frames": "8", "g": "12", "deadline": "realtime", "cpu-used": "8"}
    write_video(path, moving_picture(40), frames_per_second=25, codec="libvpx", options=options)


def vp9_with_hidden_frames(path: Path) -> None:
    options = {"auto-alt-ref": "1", "lag-in-frames": "8", "g": "12", "deadline": "realtime", "cpu-used": "8"}
    write_video(path, moving_picture(30), frames_per_second=25, codec="libvpx-vp9", options=options)


def grey(path: Path) -> None:
    write_video(path, moving_picture(8), frames_per_second=25, codec="ffv1", pixel_format="gray", options={})


def ten_bit_lossless(path: Path) -> None:
    write_video(path, moving_picture(8), frames_per_second=25, codec="ffv1", pixel_format="yuv420p10le", options={})


def one_frame(path: Path) -> None:
    write_video(path, moving_picture(1), frames_per_second=25)


def variable_frame_rate(path: Path) -> None:
    steps = [20, 35, 90, 41, 12, 200, 33] * 6
    write_with_pts(path, np.cumsum(steps).tolist())


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
COUNTED = [
    (h264_with_b_frames, ".h264"),
    (h264_with_b_frames, ".avi"),
    (h264_intra_refresh, ".mp4"),
    (h264_interlaced, ".mp4"),
    (mpeg4_with_b_frames, ".avi"),
    (vp8_with_hidden_frames, ".webm"),
]


def case_name(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("make", "suffix"), TIMED, ids=case_name)
def test_frames_found_by_time_stamps_equal_full_decoding(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    assert assert_equal_to_full_decoding(path) is decoding._TimedFrames


@pytest.mark.parametrize(("make", "suffix"), COUNTED, ids=case_name)
def test_frames_found_by_counting_equal_full_decoding(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    assert assert_equal_to_full_decoding(path) is decoding._CountedFrames


@pytest.mark.parametrize("threads", [0, 2])
def test_more_decoder_threads_give_the_same_frames(threads: int, tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    assert assert_equal_to_full_decoding(path, threads=threads) is decoding._TimedFrames


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
    convert = decoding._RGBConverter.rgb
    monkeypatch.setattr(decoding._RGBConverter, "rgb", lambda self, f: converted.append(f.pts) or convert(self, f))
    h264_with_b_frames(path := tmp_path / "video.mkv")
    read_frames(path, [30, 5, 30, 5])
    assert converted == [200, 1200]  # milliseconds; 25 frames a second


def test_only_the_keyframe_before_a_target_and_what_it_needs_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yielded = []
    packets = decoding._TimedFrames._packets_from
    monkeypatch.setattr(
        decoding._TimedFrames,
        "_packets_from",
        lambda self, keyframe: (yielded.append(p.pts) or p for p in packets(self, keyframe)),
    )
    options = {"g": "10", "bf": "0", "sc_threshold": "0"}
    write_video(path := tmp_path / "video.mkv", moving_picture(40), frames_per_second=10, options=options)
    read_frames(path, [12, 30])
    assert yielded == [1000, 1100, 1200, 3000]


def test_times_are_seconds_after_the_first_frame(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [500, 540, 700, 710, 1500])
    with VideoReader(path) as reader:
        np.testing.assert_allclose(reader.times_seconds, [0, 0.04, 0.2, 0.21, 1.0])
        assert reader.times_seconds.dtype == np.float64
        assert reader.duration_seconds > 1.0


def test_the_frame_at_a_time_is_the_one_on_the_screen(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [500, 540, 700, 710, 1500])
    with VideoReader(path) as reader:
        all_frames = reader.frames_at_indices(range(5))
        shown = reader.frames_at_times([0.0, 0.039, 0.04, 0.19, 0.2, 0.9, 1.0, 99.0])
    assert torch.equal(shown, all_frames[[0, 0, 1, 1, 2, 3, 4, 4]])


def test_frame_k_is_found_at_k_over_the_frame_rate_though_containers_round(tmp_path: Path) -> None:
    write_video(path := tmp_path / "video.mkv", moving_picture(31), frames_per_second=30, options=X264)
    with VideoReader(path) as reader:
        assert torch.equal(reader.frames_at_times([k / 30 for k in range(31)]), reader.frames_at_indices(range(31)))


@pytest.mark.parametrize(("make", "suffix"), [(h264_with_b_frames, ".mp4"), (mpeg4_with_b_frames, ".avi"),
                                              (h264_with_b_frames, ".h264")], ids=case_name)  # fmt: skip
def test_a_constant_frame_rate_gives_evenly_spaced_times(
    make: Callable[[Path], None], suffix: str, tmp_path: Path
) -> None:
    make(path := tmp_path / f"video{suffix}")
    with VideoReader(path) as reader:
        np.testing.assert_allclose(reader.times_seconds, np.arange(40) / 25)
        assert reader.duration_seconds == pytest.approx(40 / 25)


@pytest.mark.parametrize("times", [[-0.1], [float("nan")], [0.0, -1.0]])
def test_impossible_times_are_refused(times: list[float], tmp_path: Path) -> None:
    one_frame(path := tmp_path / "video.mp4")
    with VideoReader(path) as reader, pytest.raises(ValueError, match="0 or more seconds"):
        reader.frames_at_times(times)


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
    assert assert_equal_to_full_decoding(path) is decoding._TimedFrames


def test_an_edit_list_hides_the_frames_before_its_start(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    complete = read_frames(path, range(40))
    data = path.read_bytes()
    at = data.index(b"elst") + 4 + 8 + 4  # version and flags, number of entries, length of the first
    (start,) = struct.unpack(">i", data[at : at + 4])
    path.write_bytes(data[:at] + struct.pack(">i", start + 5 * 512) + data[at + 4 :])  # 512 ticks are a frame
    assert assert_equal_to_full_decoding(path) is decoding._TimedFrames
    assert torch.equal(read_frames(path, range(35)), complete[5:])


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_b_frames_packed_two_in_a_packet_are_counted(suffix: str, tmp_path: Path) -> None:
    mpeg4_with_b_frames(plain := tmp_path / "plain.avi")
    write_packed(plain, path := tmp_path / f"packed{suffix}")
    assert assert_equal_to_full_decoding(path) is decoding._CountedFrames
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


@pytest.mark.parametrize(("make", "exact"), [(hevc, True), (hevc_temporal_layers, False)], ids=case_name)
def test_hevc_frames_are_skipped_only_without_temporal_layers(
    make: Callable[[Path], None], exact: bool, tmp_path: Path
) -> None:
    make(path := tmp_path / "video.mp4")
    video = decoding._OpenVideo(str(path), 1)
    assert decoding._skipping_is_exact(video) is exact
    video.close()


def test_a_container_that_cannot_seek_is_decoded_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    expected = decode_everything(path)
    with VideoReader(path) as reader:
        frames = reader._frames
        assert isinstance(frames, decoding._TimedFrames)
        # The first keyframe is said to be where no seek can find it.
        nowhere = frames._index.keyframes[0]._replace(seek_to=2**62)
        monkeypatch.setattr(frames, "_index", frames._index._replace(keyframes=[nowhere]))
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


def test_counted_frames_are_decoded_once_and_freed_on_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mpeg4_with_b_frames(path := tmp_path / "video.avi")
    passes = []
    decode_all = decoding._decode_all
    monkeypatch.setattr(decoding, "_decode_all", lambda *args: passes.append(args) or decode_all(*args))
    with VideoReader(path) as reader:
        assert reader.n_frames == 40
        reader.frames_at_indices([5, 39])
        assert len(passes) == 1
        frames = reader._frames
        assert isinstance(frames, decoding._CountedFrames)
        assert len(frames.kept) == 40
    assert frames.kept == []


def test_frames_too_many_to_keep_are_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_KEPT_BYTES", 100_000)
    mpeg4_with_b_frames(path := tmp_path / "video.avi")
    assert assert_equal_to_full_decoding(path) is decoding._CountedFrames


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


def write_indexed_in_front(path: Path) -> None:
    """An H.264 video of 40 frames, stored in the order in which they are shown."""
    with av.open(str(path), "w", container_options={"movflags": "faststart"} if path.suffix == ".mp4" else {}) as out:
        stream = out.add_stream("libx264", rate=25, options=X264 | {"bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for image in moving_picture(40):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image)))
        out.mux(stream.encode(None))


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


UNREADABLE = {
    "empty": (b"", r"file\.mp4: the file is empty"),
    "text": (b"not a video " * 300, r"file\.mp4: Invalid data found .* \(while opening it\)"),
    "missing": (None, r"file\.mp4: No such file or directory \(while opening it\)"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_video_is_named_in_the_error(case: str, tmp_path: Path) -> None:
    content, message = UNREADABLE[case]
    if content is not None:
        (tmp_path / "file.mp4").write_bytes(content)
    with pytest.raises(VideoDecodeError, match=message):
        VideoReader(tmp_path / "file.mp4")


def test_a_directory_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError, match=f"{re.escape(str(tmp_path))}: Is a directory"):
        VideoReader(tmp_path)


def test_a_name_that_looks_like_a_protocol_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_frame(tmp_path / "plain.mp4")
    (tmp_path / "plain.mp4").rename(tmp_path / "concat:a|b %d.mp4")
    monkeypatch.chdir(tmp_path)
    assert read_frames("concat:a|b %d.mp4", [0]).shape == (1, 3, 48, 64)


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


def test_ffmpeg_does_not_write_to_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_indexed_in_front(path := tmp_path / "video.mkv")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    path.write_bytes(data)
    capfd.readouterr()  # the encoder may have its say
    with pytest.raises((VideoDecodeError, IndexError)):
        read_frames(path, range(40))
    assert capfd.readouterr() == ("", "")
