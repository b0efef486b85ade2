from pathlib import Path

import pytest
import torch

import zsar
from zsar.api.adaptation.tuned_views import TunableBatch, tunable_batches
from zsar.api.given_videos import Video
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips
from zsar.datamodules.stored_embeddings.embedded_sets import transform_of
from zsar.datamodules.views import AugmentedViews, MultiRateViews, Views

CROPS = AugmentedViews(n_views=5, crop=True)


def read(videos: list[Video], views: Views = CROPS, *, seed: int = 0, batch_size: int = 2) -> list[TunableBatch]:
    clips = Clips(n_frames=4, image_size=32, views=views)
    batches = tunable_batches(videos, clips, seed=seed, on_damage="raise", batch_size=batch_size, n_workers=0)
    return list(batches)


def views_of(batch: TunableBatch) -> torch.Tensor:
    assert batch.videos is not None
    assert batch.videos.views is not None
    return batch.videos.views.frames


@pytest.mark.parametrize("views", [CROPS, MultiRateViews(n_samples=2)])
def test_views_are_those_of_a_test_of_the_same_file_name(video_tree: Path, views: Views) -> None:
    folder = video_tree / "red dance"
    clips = Clips(n_frames=4, image_size=32, views=views)
    tested = EvaluationClips(
        VideoTable(folder, ["1.mp4"], [0]), transform_of(clips), n_frames=4, n_clips=1, views=views, seed=5
    )[0]
    (batch,) = read([folder / "1.mp4"], views, seed=5)
    assert batch.videos is not None
    assert tested.views is not None
    assert torch.equal(batch.videos.frames[0], tested.frames)
    assert torch.equal(views_of(batch)[0], tested.views.frames)
    assert batch.videos.views is not None
    assert batch.videos.views.seeds.tolist() == [tested.views.seed]


def test_random_views_depend_on_seed_and_file_name_alone(video_tree: Path, tmp_path: Path) -> None:
    video = video_tree / "red dance" / "1.mp4"
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "1.mp4"
    moved.write_bytes(video.read_bytes())
    renamed = moved.rename(moved.with_name("2.mp4"))
    moved.write_bytes(video.read_bytes())
    alone = views_of(read([video])[0])[0]
    batches = read([video_tree / "blue dance" / "0.mp4", moved, renamed])
    assert torch.equal(views_of(batches[0])[1], alone)
    assert not torch.equal(views_of(batches[1])[0], alone)
    assert not torch.equal(views_of(read([video], seed=1)[0])[0], alone)


def test_frames_in_memory_are_read_as_a_file_called_frames(video_tree: Path, tmp_path: Path) -> None:
    video = tmp_path / "frames"
    video.write_bytes((video_tree / "red dance" / "1.mp4").read_bytes())
    frames = zsar.read_frames(video, indices=range(12))
    (batch,) = read([video, frames])
    assert batch.videos is not None
    assert torch.equal(batch.videos.frames[0], batch.videos.frames[1])
    assert torch.equal(views_of(batch)[0], views_of(batch)[1])


def test_a_broken_video_is_left_out_of_its_batch(video_tree: Path) -> None:
    broken = video_tree / "red dance" / "0.mp4"
    broken.write_bytes(b"no video")
    first, second = read([video_tree / "red dance" / "1.mp4", broken, broken])
    assert (first.rows, first.decoded, list(first.errors)) == ((0, 1), (0,), [1])
    assert first.videos is not None
    assert len(first.videos) == 1
    assert (second.rows, second.decoded, second.videos) == ((2,), (), None)
    assert "0.mp4" in second.errors[2]


def test_wrong_frames_and_numbers_are_told() -> None:
    with pytest.raises(ValueError, match="frames must be uint8 RGB"):
        read([torch.zeros(4, 3, 32, 32)])
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        read([], batch_size=0)
    assert read([]) == []
