import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from zsar.api import given_videos
from zsar.api.given_videos import ViewBatch, ViewSettings, view_batches, view_settings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

SETTINGS = ViewSettings(image_size=32, n_frames=4, n_clips=2)


def test_a_batch_holds_what_was_decoded_and_why_the_rest_was_not(video_tree: Path) -> None:
    videos = [video_tree / "red dance" / f"{i}.mp4" for i in range(3)]
    videos[1].write_bytes(b"no video")
    first, second = view_batches(videos, SETTINGS, batch_size=2, n_workers=0)
    assert (first.rows, first.decoded) == ((0, 1), (0,))
    assert first.frames.shape == (1, 2, 4, 3, 32, 32)
    assert "1.mp4" in first.errors[1]
    assert (second.rows, second.decoded, second.errors) == ((2,), (2,), {})


@pytest.mark.parametrize(("seconds_of_model", "workers"), [(0.0, [0, 2]), (3600.0, [0, 0])])
def test_workers_are_started_beside_a_model_on_the_cpu_only_where_decoding_takes_longer(
    video_tree: Path, monkeypatch: pytest.MonkeyPatch, seconds_of_model: float, workers: list[int]
) -> None:
    videos = [video_tree / "red dance" / f"{i}.mp4" for i in range(3)] * 3
    started: list[int] = []
    decoded, waited = given_videos._decoded, [0.0]

    def seen(*arguments: Any, n_workers: int, batch_size: int) -> Iterator[ViewBatch]:
        started.append(n_workers)
        return decoded(*arguments, n_workers=0, batch_size=batch_size)

    monkeypatch.setattr(given_videos, "_decoded", seen)
    monkeypatch.setattr(given_videos, "cpu_count", lambda: 2)
    clock = time.process_time
    monkeypatch.setattr(given_videos.time, "process_time", lambda: clock() + waited[0])
    rows: list[int] = []
    for batch in view_batches(videos, SETTINGS, batch_size=2, is_on_cpu=True):
        rows += batch.rows
        waited[0] += seconds_of_model
    assert rows == list(range(9))
    assert started == workers
    started.clear()
    list(view_batches(videos, SETTINGS, batch_size=2, is_on_cpu=False))
    list(view_batches(videos, SETTINGS, batch_size=2, n_workers=1, is_on_cpu=True))
    assert started == [2, 1]


def test_a_batch_without_any_decoded_video_is_empty(tmp_path: Path) -> None:
    (batch,) = view_batches([tmp_path / "none.mp4"], SETTINGS, batch_size=2)
    assert batch.frames.shape == (0, 2, 4, 3, 32, 32)
    assert list(batch.errors) == [0]


def test_frames_of_any_size_become_views() -> None:
    frames = torch.randint(0, 256, (11, 3, 40, 60), dtype=torch.uint8)
    (batch,) = view_batches([frames], SETTINGS, batch_size=2)
    assert batch.frames.shape == (1, 2, 4, 3, 32, 32)


@pytest.mark.parametrize(
    "frames", [torch.rand(4, 3, 8, 8), torch.zeros(4, 8, 8, 3, dtype=torch.uint8), torch.zeros(0, 3, 8, 8).byte()]
)
def test_other_frames_are_rejected_with_the_remedy(frames: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 RGB \[T, 3, H, W\].*\(frames \* 255\)\.round\(\)\.byte\(\)"):
        next(view_batches([frames], SETTINGS, batch_size=1))


def test_the_frames_are_those_of_the_model(model: ActionRecognizer) -> None:
    assert view_settings(model, frames=None, clips=1) == ViewSettings(32, 8, 1)
    assert view_settings(model, frames=3, clips=2).n_frames == 3
