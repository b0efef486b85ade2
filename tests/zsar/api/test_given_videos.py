import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

import zsar
from zsar.api import given_videos
from zsar.api.given_videos import GivenBatch, Video, clips_of, given_batches
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips
from zsar.datamodules.stored_embeddings.embedded_sets import transform_of
from zsar.datamodules.views import AugmentedViews, MultiRateViews, Views
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

SETTINGS = Clips(image_size=32, n_frames=4, n_test_clips=2)


def test_a_batch_holds_what_was_decoded_and_why_the_rest_was_not(video_tree: Path) -> None:
    videos = [video_tree / "red dance" / f"{i}.mp4" for i in range(3)]
    videos[1].write_bytes(b"no video")
    first, second = given_batches(videos, SETTINGS, on_damage="raise", batch_size=2, n_workers=0)
    assert (first.rows, first.decoded) == ((0, 1), (0,))
    assert first.videos is not None
    assert first.videos.frames.shape == (1, 2, 4, 3, 32, 32)
    assert "1.mp4" in first.errors[1]
    assert (second.rows, second.decoded, second.errors) == ((2,), (2,), {})


@pytest.mark.parametrize(("seconds_of_model", "workers"), [(0.0, [0, 2]), (3600.0, [0, 0])])
def test_workers_are_started_beside_a_model_on_the_cpu_only_where_decoding_takes_longer(
    video_tree: Path, monkeypatch: pytest.MonkeyPatch, seconds_of_model: float, workers: list[int]
) -> None:
    videos = [video_tree / "red dance" / f"{i}.mp4" for i in range(3)] * 3
    started: list[int] = []
    load, waited = given_videos.DataLoader, [0.0]

    def seen(*arguments: Any, num_workers: int, **settings: Any) -> Iterable[GivenBatch]:
        started.append(num_workers)
        return load(*arguments, num_workers=0, **settings)

    monkeypatch.setattr(given_videos, "DataLoader", seen)
    monkeypatch.setattr(given_videos, "cpu_count", lambda: 2)
    clock = time.process_time
    monkeypatch.setattr(given_videos.time, "process_time", lambda: clock() + waited[0])
    rows: list[int] = []
    for batch in given_batches(videos, SETTINGS, on_damage="raise", batch_size=2, is_on_cpu=True):
        rows += batch.rows
        waited[0] += seconds_of_model
    assert rows == list(range(9))
    assert started == workers
    started.clear()
    list(given_batches(videos, SETTINGS, on_damage="raise", batch_size=2, is_on_cpu=False))
    list(given_batches(videos, SETTINGS, on_damage="raise", batch_size=2, n_workers=1, is_on_cpu=True))
    assert started == [2, 1]


@pytest.mark.parametrize("is_on_cpu", [True, False])
@pytest.mark.parametrize(("batch_size", "most"), [(16, 0), (9, 0), (5, 2), (3, 3), (1, 4)])
def test_no_worker_is_started_that_would_have_no_batch(
    video_tree: Path, monkeypatch: pytest.MonkeyPatch, is_on_cpu: bool, batch_size: int, most: int
) -> None:
    started: list[int] = []
    load = given_videos.DataLoader

    def seen(dataset: Any, *, num_workers: int, batch_size: int, **settings: Any) -> Iterable[GivenBatch]:
        assert len(dataset) > 0
        started.append(num_workers)
        return load(dataset, num_workers=0, batch_size=batch_size, **settings)

    monkeypatch.setattr(given_videos, "DataLoader", seen)
    monkeypatch.setattr(given_videos, "cpu_count", lambda: 4)
    videos = [video_tree / "red dance" / "0.mp4"] * 9
    batches = list(given_batches(videos, SETTINGS, on_damage="raise", batch_size=batch_size, is_on_cpu=is_on_cpu))
    assert [row for batch in batches for row in batch.rows] == list(range(9))
    assert max(started) <= most
    assert is_on_cpu or started == [most]


def test_a_batch_without_any_decoded_video_is_empty(tmp_path: Path) -> None:
    (batch,) = given_batches([tmp_path / "none.mp4"], SETTINGS, on_damage="raise", batch_size=2)
    assert (batch.rows, batch.decoded, batch.videos) == ((0,), (), None)
    assert list(batch.errors) == [0]


def test_frames_of_any_size_become_views() -> None:
    frames = torch.randint(0, 256, (11, 3, 40, 60), dtype=torch.uint8)
    (batch,) = given_batches([frames], SETTINGS, on_damage="raise", batch_size=2)
    assert batch.videos is not None
    assert batch.videos.frames.shape == (1, 2, 4, 3, 32, 32)


@pytest.mark.parametrize(
    "frames", [torch.rand(4, 3, 8, 8), torch.zeros(4, 8, 8, 3, dtype=torch.uint8), torch.zeros(0, 3, 8, 8).byte()]
)
def test_other_frames_are_rejected_with_the_remedy(frames: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 RGB \[T, 3, H, W\].*\(frames \* 255\)\.round\(\)\.byte\(\)"):
        next(given_batches([frames], SETTINGS, on_damage="raise", batch_size=1))


def test_the_frames_are_those_of_the_model(model: ActionRecognizer) -> None:
    own = {"image_size": 32, "geometry": "crop", "resize_filter": "bicubic"}
    assert clips_of(model, frames=None) == Clips(n_frames=8, n_test_clips=1, **own)  # type: ignore[arg-type]
    assert clips_of(model, frames=3, clips=2) == Clips(n_frames=3, n_test_clips=2, **own)  # type: ignore[arg-type]
    squashed = ZeroShotCLIP(backbone=ClipSettings("tiny-pe", "random"))
    own = {"image_size": 32, "geometry": "squash", "resize_filter": "bilinear"}
    assert clips_of(squashed, frames=None) == Clips(n_frames=8, n_test_clips=1, **own)  # type: ignore[arg-type]


# --- further views ----------------------------------------------------------------------------------------------------

CROPS = AugmentedViews(n_views=5, crop=True)


def read(videos: list[Video], views: Views = CROPS, *, seed: int = 0, batch_size: int = 2) -> list[GivenBatch]:
    clips = Clips(n_frames=4, image_size=32, views=views)
    batches = given_batches(videos, clips, seed=seed, on_damage="raise", batch_size=batch_size, n_workers=0)
    return list(batches)


def views_of(batch: GivenBatch) -> torch.Tensor:
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


def test_wrong_frames_and_numbers_are_told_with_views_too() -> None:
    with pytest.raises(ValueError, match="frames must be uint8 RGB"):
        read([torch.zeros(4, 3, 32, 32)])
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        read([], batch_size=0)
    assert read([]) == []


def test_a_video_that_takes_too_much_memory_is_undecodable(video_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(EvaluationClips, "_read", full)
    (batch,) = given_batches([video_tree / "red dance" / "0.mp4"], SETTINGS, on_damage="raise", batch_size=1)
    assert "0.mp4: not enough memory for its frames" in batch.errors[0]
