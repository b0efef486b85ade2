"""Tests of `careful_decoding`: what the decoder complains of is noted, and spoils what is built on it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from torch import Tensor

from tests.makers.source_tree import SHARED
from tests.makers.videos.encoded_videos import QUIET_X265, X264, h264_intra_refresh, h264_with_b_frames, moving_picture
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.careful_decoding import (
    Complaints,
    ShownFrame,
    decode_carefully,
    is_harmless_start,
    spoiled_frames,
)
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.video_file import OpenVideo
from zsar.datamodules.video_files.writing.encoding import write_video

# Decoding order I0 P3 b1 b2 P6 b4 b5 I9 b7 b8 P10: the last two b are shown before the keyframe I9 that they follow.
SHOWN = [0, 2, 3, 1, 5, 6, 4, 8, 9, 7, 10]
FRAMES = [ShownFrame(position, is_key=i in (0, 9), pts=i) for i, position in enumerate(SHOWN)]
PLACES = {position: i for i, position in enumerate(SHOWN)}


def spoiled(own: set[int], spoiling: set[int]) -> list[int]:
    return sorted(spoiled_frames(FRAMES, dict.fromkeys(own, "x"), dict.fromkeys(spoiling, "x"), PLACES))


def test_a_damaged_frame_spoils_what_is_decoded_after_it_until_the_next_keyframe() -> None:
    assert spoiled({1}, {1}) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert spoiled({4}, {4}) == [4, 5, 6, 7, 8]
    assert spoiled({10}, {10}) == [10]
    assert spoiled({7}, {7}) == [7, 8, 9, 10]  # the frames before the keyframe may refer to it, too
    assert spoiled({0}, {0}) == list(range(9))


def test_a_damaged_frame_that_nothing_refers_to_spoils_itself() -> None:
    assert spoiled({2}, set()) == [1]
    assert spoiled({8}, {8}) == [7, 8]  # shown before the keyframe: what follows that does not refer to it
    assert spoiled(set(), set()) == []


# --- damaged files ----------------------------------------------------------------------------------------------------

N = 30
CASES = SHARED / "cases"
CODECS = {
    "h264": ("libx264", X264),
    "h264 b-pyramid": ("libx264", X264 | {"bf": "7", "x264-params": "b-adapt=0:scenecut=0"}),
    "h264 slices": ("libx264", X264 | {"x264-params": "slices=4"}),
    "h264 open": ("libx264", X264 | {"x264-params": "open-gop=1:scenecut=0"}),
    "h264 refresh": ("libx264", X264 | {"x264-params": "intra-refresh=1"}),
    "hevc": ("libx265", QUIET_X265),
    "mpeg4": ("mpeg4", {"bf": "2", "g": "12"}),
    "mpeg2": ("mpeg2video", {"bf": "2", "g": "12"}),
    "mjpeg": ("mjpeg", {}),
    "vp9": ("libvpx-vp9", {"g": "12", "deadline": "realtime", "cpu-used": "8"}),
}
FILES = [(codec, suffix) for codec in CODECS for suffix in (".mkv", ".mp4")]
CODECS |= {"ffv1": ("ffv1", {"g": "6"}), "vp8": ("libvpx", {"g": "12", "deadline": "realtime", "cpu-used": "8"})}
FILES += [("ffv1", ".mkv"), ("vp8", ".webm"), ("mjpeg", ".avi"), ("mpeg2", ".ts")]
FILES += [("h264", ".avi"), ("mpeg4", ".avi"), ("h264", ".ts"), ("h264 slices", ".ts")]


def write_damaged(path: Path, codec: str, seed: int) -> None:
    """A video, 60 bytes of one of whose frames are zeros."""
    encoder, options = CODECS[codec]
    noise = np.random.default_rng(0).integers(0, 60, (N, 64, 96, 3))
    picture = (moving_picture(N, 64, 96) // 2 + noise).astype(np.uint8)
    pixels = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
    write_video(path, picture, frames_per_second=25, codec=encoder, options=options, pixel_format=pixels)
    with av.open(str(path)) as container:
        places = [(p.pos, p.size) for p in container.demux(video=0) if p.size > 100 and p.pos >= 0]
    draw = random.Random(seed)
    at, size = draw.choice(places)
    data = bytearray(path.read_bytes())
    start = at + draw.randrange(40, size // 2 + 40)
    data[start : start + min(60, size // 3)] = bytes(min(60, size // 3))
    path.write_bytes(data)


def outcome(read: Callable[[], Tensor]) -> bytes | None:
    """The bytes of a frame; None where it is an error."""
    try:
        return bytes(read().contiguous().numpy().tobytes())
    except VideoDecodeError:
        return None


def read_forward(path: Path, indices: Iterable[int]) -> list[bytes | None]:
    given: list[bytes | None] = []
    with VideoReader(path) as reader:
        try:
            given.extend(bytes(f.contiguous().numpy().tobytes()) for f in reader.frames_forward(indices))
        except VideoDecodeError:
            given.append(None)
    return given


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("codec", "suffix"), FILES)
def test_an_index_gives_one_frame_or_error_by_every_way_of_asking(
    codec: str, suffix: str, seed: int, tmp_path: Path
) -> None:
    write_damaged(path := tmp_path / f"video{suffix}", codec, seed)
    alone = []
    for i in range(N):
        with VideoReader(path) as reader:
            alone.append(outcome(lambda i=i: reader.frames_at_indices([i])[0]))  # type: ignore[misc]
    first_bad = alone.index(None) if None in alone else N
    assert read_forward(path, range(N)) == alone[: first_bad + 1]
    thirds = alone[::3]
    assert read_forward(path, range(0, N, 3)) == thirds[: thirds.index(None) + 1 if None in thirds else N]
    with VideoReader(path) as reader:  # after all kinds of other requests
        order = random.Random(seed).sample(range(N), N)
        assert [outcome(lambda i=i: reader.frames_at_indices([i])[0]) for i in order] == [alone[i] for i in order]  # type: ignore[misc]
    with VideoReader(path) as reader:
        if None in alone:
            with pytest.raises(VideoDecodeError, match=rf"video{suffix}: .* frame {first_bad}"):
                reader.frames_at_indices(range(N))
        else:
            assert [bytes(f.contiguous().numpy().tobytes()) for f in reader.frames_at_indices(range(N))] == alone


@pytest.mark.parametrize("codec", ["h264 slices", "mpeg4", "mpeg2", "mjpeg"])
def test_damage_is_seen_or_accepted_and_counted(codec: str, tmp_path: Path) -> None:
    n_seen = 0
    for seed in range(4):
        write_damaged(path := tmp_path / "video.mkv", codec, seed)
        n_bad = 0
        for i in range(N):
            with VideoReader(path) as reader:
                n_bad += outcome(lambda i=i: reader.frames_at_indices([i])[0]) is None  # type: ignore[misc]
                assert reader.n_damaged == 0
        with VideoReader(path, on_damage="accept") as reader:
            assert len(reader.frames_at_indices(range(N))) == N
            assert reader.n_damaged == n_bad
            assert len(list(reader.frames_forward(range(N)))) == N
            assert reader.n_damaged == n_bad  # each counts once
        n_seen += n_bad > 0
    assert n_seen >= 1


def test_the_shared_damaged_file_is_an_error_from_its_damaged_frame_on() -> None:
    if not (path := CASES / "damaged.mp4").is_file():
        pytest.skip(f"{path} is not there")
    sound = read_forward(CASES / "sound.mp4", range(20))
    with VideoReader(path) as reader:
        given = [outcome(lambda i=i: reader.frames_at_indices([i])[0]) for i in range(20)]  # type: ignore[misc]
    assert given == [*sound[:10], *[None] * 10]
    assert read_forward(path, range(20)) == [*sound[:10], None]


def test_damage_is_raised_or_accepted_and_nothing_else(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    with pytest.raises(ValueError, match="on_damage must be one of raise, accept; got 'ignore'"):
        VideoReader(path, on_damage="ignore")  # type: ignore[arg-type]


# --- sound files ------------------------------------------------------------------------------------------------------


def test_a_sound_file_has_no_complaints(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.mp4")
    video, complaints = OpenVideo(str(path), 1), Complaints()
    frames = list(decode_carefully(video, complaints))
    video.close()
    assert sorted(position for position, _ in frames) == list(range(40))
    assert [frame.pts for _, frame in frames] == sorted(frame.pts or 0 for _, frame in frames)
    assert not complaints
    assert complaints.causes() == {}


def test_flags_are_harmless_only_where_h264_starts_at_a_recovery_point(tmp_path: Path) -> None:
    h264_intra_refresh(path := tmp_path / "video.mp4")
    video = OpenVideo(str(path), 1)
    packets = list(video.packets())
    assert not is_harmless_start(video, packets[0])
    assert is_harmless_start(video, packets[12])
    video.close()
    h264_with_b_frames(path := tmp_path / "video.h264")
    video = OpenVideo(str(path), 1)
    assert not is_harmless_start(video, next(video.packets()))
    video.close()


def test_a_stream_cut_out_at_a_recovery_point_is_sound(tmp_path: Path) -> None:
    h264_intra_refresh(whole := tmp_path / "whole.mp4")
    path = tmp_path / "cut.mkv"
    with av.open(str(whole)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for i, packet in enumerate(p for p in source.demux(video=0) if p.size):
            if i >= 12:
                packet.stream = stream
                target.mux(packet)
    with VideoReader(path) as reader:
        frames = reader.frames_at_indices(range(reader.n_frames))
        assert len(frames) > 5
    with VideoReader(path) as reader:
        assert len(list(reader.frames_forward(range(len(frames))))) == len(frames)


CUT = {
    "h264 intra refresh": ("libx264", {"g": "20", "bf": "0", "x264-params": "intra-refresh=1:scenecut=0"}, 20),
    "h264 intra refresh with B-frames": ("libx264", {"g": "20", "bf": "2", "x264-params": "intra-refresh=1"}, 18),
    "h264 open": ("libx264", {"g": "12", "bf": "3", "x264-params": "open-gop=1:scenecut=0:b-adapt=0"}, 9),
    "hevc open": ("libx265", {"x265-params": QUIET_X265["x265-params"] + ":open-gop=1:b-adapt=0:scenecut=0"}, 9),
    "mpeg2": ("mpeg2video", {"bf": "2", "g": "12"}, 13),
    "mpeg2 within a group": ("mpeg2video", {"bf": "2", "g": "12"}, 15),
}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("kind", CUT)
def test_a_video_cut_out_of_a_longer_one_gives_what_full_decoding_gives(kind: str, suffix: str, tmp_path: Path) -> None:
    codec, options, cut = CUT[kind]
    write_video(whole := tmp_path / "whole.mkv", moving_picture(60), frames_per_second=25, codec=codec, options=options)
    path = tmp_path / f"cut{suffix}"
    with av.open(str(whole)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size][cut:]
        start = packets[0].dts
        packets[0].is_keyframe = True
        for packet in packets:
            packet.pts, packet.dts, packet.stream = packet.pts - start, packet.dts - start, stream
            out.mux(packet)
    full = decode_everything(path)
    assert 0 < len(full) <= len(packets)
    with VideoReader(path) as reader:
        assert reader.n_frames == len(full)
        assert torch.equal(torch.stack(list(reader.frames_forward(range(len(full))))), full)
    for i in (0, len(full) // 2, len(full) - 1):
        with VideoReader(path) as reader:
            assert torch.equal(reader.frames_at_indices([i])[0], full[i])
