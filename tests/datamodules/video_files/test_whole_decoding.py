from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.makers.videos.encoded_videos import (
    assert_equal_to_full_decoding,
    h264_with_b_frames,
    mpeg4_with_b_frames,
    write_indexed_in_front,
    write_with_pts,
)
from zsar.datamodules.video_files import whole_decoding
from zsar.datamodules.video_files.counted_frames import CountedFrames
from zsar.datamodules.video_files.decoding import VideoReader


def test_times_that_increase_are_kept(tmp_path: Path) -> None:
    write_with_pts(path := tmp_path / "video.mkv", [500, 540, 700, 710, 1500])
    np.testing.assert_allclose(CountedFrames(str(path), 1).times_seconds(), [0, 0.04, 0.2, 0.21, 1.0])


def test_frames_without_times_are_spaced_by_the_frame_rate(tmp_path: Path) -> None:
    h264_with_b_frames(path := tmp_path / "video.h264")
    frames = CountedFrames(str(path), 1)
    np.testing.assert_allclose(frames.times_seconds(), np.arange(40) / 25)
    assert frames.last_frame_seconds() == pytest.approx(1 / 25)


def test_a_video_of_which_nothing_can_be_decoded_is_refused(tmp_path: Path) -> None:
    write_indexed_in_front(path := tmp_path / "video.mp4")
    with av.open(str(path)) as container:
        first = min(packet.pos for packet in container.demux(video=0) if packet.size)
    path.write_bytes(path.read_bytes()[:first])  # the index is left, without one whole packet
    with pytest.raises(ValueError, match="not one of its frames can be decoded"):
        CountedFrames(str(path), 1).times_seconds()


def test_counted_frames_are_decoded_once_and_freed_on_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mpeg4_with_b_frames(path := tmp_path / "video.avi")
    passes = []
    decode = whole_decoding.decode_carefully
    monkeypatch.setattr(
        whole_decoding, "decode_carefully", lambda *args, **settings: passes.append(args) or decode(*args, **settings)
    )
    with VideoReader(path) as reader:
        assert reader.n_frames == 40
        reader.frames_at_indices([5, 39])
        assert len(passes) == 1
        frames = reader._source.frames
        assert isinstance(frames, CountedFrames)
        assert len(frames.kept) == 40
    assert frames.kept == []


def test_frames_too_many_to_keep_are_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_decoding, "_KEPT_BYTES", 100_000)
    mpeg4_with_b_frames(path := tmp_path / "video.avi")
    assert assert_equal_to_full_decoding(path) is CountedFrames
