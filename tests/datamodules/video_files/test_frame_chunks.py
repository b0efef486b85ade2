"""Tests of `frame_chunks`: a few frames at a time are the same frames, and no more are held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.makers.videos.encoded_videos import moving_picture
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.clip_dataset import EvaluationClips, TrainingClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.samples import Sample
from zsar.datamodules.video_files import frame_chunks as module
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.frame_chunks import frame_chunks, small_frames
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.multi_rate_views import MultiRateViews
from zsar.datamodules.views.transforms import TestTransform, TrainTransform
from zsar.runtime.files.video_errors import VideoDecodeError

FRAME_BYTES = 48 * 64 * 3


@pytest.fixture
def video(tmp_path: Path) -> Path:
    write_video(path := tmp_path / "video.mp4", moving_picture(30), frames_per_second=10, options={"g": "8"})
    return path


@pytest.mark.parametrize(("limit", "sizes"), [(0, [1] * 7), (2 * FRAME_BYTES, [2, 2, 2, 1]), (2**26, [7])])
def test_frames_come_in_chunks_of_a_size_in_bytes(
    video: Path, limit: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES_TOGETHER", limit)
    indices = torch.tensor([0, 3, 4, 11, 12, 25, 29])
    with VideoReader(video) as reader:
        chunks = list(frame_chunks(reader, indices))
    assert [len(chunk) for chunk in chunks] == sizes
    assert all(chunk.is_contiguous(memory_format=torch.channels_last) for chunk in chunks)
    assert torch.equal(torch.cat(chunks), decode_everything(video)[indices])


def test_each_frame_is_made_small_once_and_given_wherever_it_is_asked_for(video: Path) -> None:
    seen: list[int] = []

    def corner(frames: Tensor) -> Tensor:
        seen.append(len(frames))
        return frames[..., :2, :2]

    indices = torch.tensor([[5, 2, 5], [0, 29, 2]])
    with VideoReader(video) as reader:
        small = small_frames(reader, indices, corner)
        assert torch.equal(small, decode_everything(video)[indices.flatten()].unflatten(0, (2, 3))[..., :2, :2])
        assert seen == [4]
        with pytest.raises(IndexError, match="frame index 30 is out of range"):
            small_frames(reader, torch.tensor([30]), corner)


# --- everything that is cut from frames, by chunks of one frame and by one of all of them ---------------------------


def evaluated(table: VideoTable, views: Views | None = None, *, n_clips: int = 1, n_crops: int = 1) -> Sample:
    transform = TestTransform(32, n_crops=n_crops)
    return EvaluationClips(table, transform, n_frames=8, n_clips=n_clips, views=views)[0]


SAMPLES: dict[str, Callable[[VideoTable], Sample]] = {
    "training": lambda table: TrainingClips(table, TrainTransform(32), n_frames=8, sampling="random", seed=3)[0, 5],
    "evaluation": lambda table: evaluated(table, n_clips=3, n_crops=3),
    "stretches": lambda table: evaluated(table, MultiRateViews(n_crops=5)),
    "crops": lambda table: evaluated(table, AugmentedViews(n_views=6, crop=True, augmix="none")),
    "mixes": lambda table: evaluated(table, AugmentedViews(n_views=6)),
}


@pytest.mark.parametrize("n_frames", [3, 30])
@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_are_the_same_bit_by_bit(
    kind: str, n_frames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "video.mp4", moving_picture(n_frames, 60, 80), frames_per_second=10)
    table = VideoTable(tmp_path, ["video.mp4"], [0])
    together = SAMPLES[kind](table)
    monkeypatch.setattr(module, "MOST_BYTES_TOGETHER", 0)
    held: list[int] = []
    stacked = module._stacked
    monkeypatch.setattr(module, "_stacked", lambda frames: held.append(len(frames)) or stacked(frames))
    apart = SAMPLES[kind](table)
    assert set(held) == {1}
    assert torch.equal(together.frames, apart.frames)
    assert not together.failed
    if together.views is not None and apart.views is not None:
        assert torch.equal(together.views.frames, apart.views.frames)


def test_a_size_that_changes_is_refused_as_elsewhere(tmp_path: Path) -> None:
    parts = [(48, 64), (32, 32)]
    content = b""
    for height, width in parts:
        write_video(part := tmp_path / "part.h264", moving_picture(5, height, width), frames_per_second=25)
        content += part.read_bytes()
    (path := tmp_path / "video.h264").write_bytes(content)
    with VideoReader(path) as reader, pytest.raises(VideoDecodeError, match="the frame size changes within the video"):
        small_frames(reader, torch.arange(reader.n_frames), lambda frames: frames)
