"""Frames are found by their time stamps until the file contradicts them, then by counting."""

from pathlib import Path

import pytest
import torch

from tests.makers.videos.encoded_videos import h264_with_b_frames, vp8_with_hidden_frames
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.video_files.counted_frames import CountedFrames
from zsar.datamodules.video_files.decoding.settled_frames import SettledFrames
from zsar.datamodules.video_files.timed_frames import PacketMismatchError, TimedFrames
from zsar.datamodules.video_files.video_file import RGBConverter, VideoDecodeError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Forty frames."""
    h264_with_b_frames(made := tmp_path / "video.mp4")
    return made


def assert_are(images: dict[int, object], wanted: list[int], path: Path) -> None:
    expected = decode_everything(path)
    assert list(images) == wanted
    for i, image in images.items():
        assert torch.equal(torch.from_numpy(image.copy()).permute(2, 0, 1), expected[i])  # type: ignore[attr-defined]


def test_time_stamps_that_hold_are_kept_to(path: Path) -> None:
    source = SettledFrames(str(path), 1, on_damage="raise")
    assert_are(source.images([3, 20]), [3, 20], path)
    assert isinstance(source.frames, TimedFrames)
    assert (len(source.times_seconds()), source.n_damaged, source.is_broken) == (40, 0, False)
    source.close()


def test_files_without_time_stamps_to_rely_on_are_counted_from_the_start(tmp_path: Path) -> None:
    vp8_with_hidden_frames(path := tmp_path / "video.webm")
    source = SettledFrames(str(path), 1, on_damage="raise")
    assert isinstance(source.frames, CountedFrames)
    assert_are(source.images([1, 4]), [1, 4], path)
    source.close()


@pytest.mark.parametrize("n_given", [0, 2])
def test_a_mismatch_hands_over_to_counting_and_no_frame_is_given_twice(
    n_given: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = TimedFrames.forward

    def doubting(self: TimedFrames, wanted: object, convert: object) -> object:
        for n, given in enumerate(forward(self, wanted, convert)):  # type: ignore[arg-type]
            if n == n_given:
                raise PacketMismatchError
            yield given

    monkeypatch.setattr(TimedFrames, "forward", doubting)
    source = SettledFrames(str(path), 1, on_damage="raise")
    images = list(source.forward([3, 8, 20, 39], RGBConverter().rgb))
    assert_are(dict(images), [3, 8, 20, 39], path)
    assert len(images) == 4
    assert isinstance(source.frames, CountedFrames)
    source.close()


def test_a_file_that_is_no_video_is_an_error_that_names_it(tmp_path: Path) -> None:
    (path := tmp_path / "video.mp4").write_bytes(b"no video")
    with pytest.raises(VideoDecodeError, match=r"video\.mp4: .*while opening it"):
        SettledFrames(str(path), 1, on_damage="raise")
