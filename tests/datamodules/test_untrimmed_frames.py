from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from tests.makers.videos.encoded_videos import moving_picture
from tests.reference.full_decoding import decode_everything
from zsar.datamodules import untrimmed_frames
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, find_video_files, frames_at, open_frames
from zsar.datamodules.video_files import frame_chunks
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.frame_geometry import square_frames

EVERY = FrameStride()


@pytest.fixture
def video(tmp_path: Path) -> UntrimmedVideo:
    """40 frames, 10 a second, a keyframe every second."""
    path = tmp_path / "video.mp4"
    write_video(path, moving_picture(40), frames_per_second=10, options={"g": "10", "bf": "2"})
    return UntrimmedVideo("video", path, 4.0)


def expected(video: UntrimmedVideo, indices: list[int]) -> torch.Tensor:
    assert video.path is not None
    return square_frames("squash", 32)(decode_everything(video.path)[indices])


def test_frames_at_times_are_those_on_the_screen_in_the_order_asked_for(video: UntrimmedVideo) -> None:
    frames = frames_at(video, [2.55, 0.0, 0.1, 2.5, 1000.0], image_size=32, geometry="squash")
    assert (frames.dtype, list(frames.shape)) == (torch.uint8, [5, 3, 32, 32])
    assert torch.equal(frames, expected(video, [25, 0, 1, 25, 39]))


def test_more_frames_than_are_held_together_are_the_same(
    video: UntrimmedVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_chunks, "MOST_BYTES_TOGETHER", 3 * 48 * 64 * 3)
    times = [i / 10 for i in range(40)][::-1]
    assert torch.equal(
        frames_at(video, times, image_size=32, geometry="squash"), expected(video, list(range(40))[::-1])
    )


def test_frames_at_times_and_in_the_stream_are_the_same(video: UntrimmedVideo) -> None:
    with open_frames(video, stride=FrameStride(frames=7), image_size=32, geometry="squash", chunk_size=64) as stream:
        ((frames, times),) = stream.chunks()
    assert torch.equal(frames, expected(video, [0, 7, 14, 21, 28, 35]))
    assert torch.equal(frames, frames_at(video, times.tolist(), image_size=32, geometry="squash"))


def test_frames_are_squashed_or_cropped(video: UntrimmedVideo) -> None:
    """Both ways, at given times and in the stream; the video is 64 x 48."""
    assert video.path is not None
    whole = decode_everything(video.path)[[0, 20]]
    for geometry in ("squash", "crop"):
        made = square_frames(geometry, 32)(whole)  # type: ignore[arg-type]
        at_times = frames_at(video, [0.0, 2.0], image_size=32, geometry=geometry)  # type: ignore[arg-type]
        assert torch.equal(at_times, made)
        with open_frames(
            video,
            stride=FrameStride(20),
            image_size=32,
            geometry=geometry,
            chunk_size=9,  # type: ignore[arg-type]
        ) as stream:
            ((streamed, _),) = stream.chunks()
        assert torch.equal(streamed, made)
    assert not torch.equal(square_frames("squash", 32)(whole), square_frames("crop", 32)(whole))


def test_only_frames_at_those_times_are_asked_of_the_reader(
    video: UntrimmedVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []

    class Noting(VideoReader):
        def frames_forward(self, indices: Iterable[int]) -> Iterator[torch.Tensor]:
            asked.append(list(indices))
            return super().frames_forward(asked[-1])

    monkeypatch.setattr(untrimmed_frames, "VideoReader", Noting)
    frames_at(video, [3.0, 0.2, 3.0], image_size=32, geometry="squash")
    assert asked == [[2, 30]]


def test_times_that_mean_nothing_are_refused(video: UntrimmedVideo) -> None:
    with pytest.raises(ValueError, match="no times given for frames of the video 'video'"):
        frames_at(video, [], image_size=32, geometry="squash")
    with pytest.raises(ValueError, match=r"times must be 0 or more seconds after the start; got \[-1.0\]"):
        frames_at(video, [-1.0], image_size=32, geometry="squash")


def test_a_video_without_a_file_is_named_with_a_remedy() -> None:
    video = UntrimmedVideo("gone", None, 4.0)
    message = "the file of the video 'gone' is missing, .* --data.needs_files true"
    with pytest.raises(FileNotFoundError, match=message):
        frames_at(video, [0.0], image_size=32, geometry="squash")
    with pytest.raises(FileNotFoundError, match=message):
        open_frames(video, stride=EVERY, image_size=32, geometry="squash", chunk_size=4)


def threads_used(video: UntrimmedVideo) -> int:
    """The decoder threads that a video is read with where this is called."""
    used: list[int] = []

    class Noting(VideoReader):
        def __init__(self, path: Path, *, threads: int, on_damage: OnDamage) -> None:
            used.append(threads)
            super().__init__(path, threads=threads, on_damage=on_damage)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(untrimmed_frames, "VideoReader", Noting)
        frames_at(video, [0.0], image_size=32, geometry="squash")
    return used[0]


def test_a_worker_decodes_with_one_thread_and_the_main_process_with_as_many_as_there_are(video: UntrimmedVideo) -> None:
    assert threads_used(video) == 0
    videos: Any = [video]
    in_worker: Any = threads_used
    assert list(DataLoader(videos, batch_size=None, num_workers=1, collate_fn=in_worker)) == [1]


def test_files_are_found_by_name_and_missing_ones_only_if_they_may_be(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.mkv").touch()
    assert find_video_files(tmp_path, ["two", "one"], all_needed=False) == [None, tmp_path / "a/one.mkv"]
    with pytest.raises(FileNotFoundError, match=r"1 of 2 listed videos are not under .*: two\. Get them; or name"):
        find_video_files(tmp_path, ["two", "one"], all_needed=True)
    assert find_video_files(tmp_path / "none", ["one"], all_needed=False) == [None]
