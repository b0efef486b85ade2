from pathlib import Path
from typing import Any

import pytest
import torch

from tests.makers.mteb.stand_in import Rows, stand_in
from zsar.api.given_videos import given_batches
from zsar.api.mteb.task_videos import decoded_batches, encoded_videos, modality_of
from zsar.datamodules.settings import Clips
from zsar.datamodules.video_files.decoding import VideoDecodeError

CLIPS = Clips(n_frames=4, image_size=32, geometry="crop", resize_filter="bicubic")


@pytest.fixture(autouse=True)
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


def in_itself(path: Path) -> dict[str, Any]:
    """A video as data sets from a hub hold it."""
    return {"bytes": path.read_bytes(), "path": path.name}


def by_path(path: Path) -> dict[str, Any]:
    """A video of a folder."""
    return {"bytes": None, "path": str(path)}


def frames_of(videos: list[Any], **settings: Any) -> torch.Tensor:
    rows = encoded_videos(Rows({"video": videos, "label": list(range(len(videos)))}), "Shapes")  # type: ignore[arg-type]
    loading: dict[str, Any] = {"on_damage": "raise", "batch_size": 2, "n_workers": 0}
    return torch.cat([batch.frames for batch in decoded_batches(rows, CLIPS, **{**loading, **settings})])


def test_a_task_s_videos_have_the_frames_that_zsar_takes_of_the_files(video_tree: Path) -> None:
    paths = sorted(video_tree.rglob("*.mp4"))[::7]
    batches = given_batches(paths, CLIPS, on_damage="raise", batch_size=3, n_workers=0)
    expected = torch.cat([batch.videos.frames for batch in batches if batch.videos is not None])
    assert torch.equal(frames_of([in_itself(path) for path in paths]), expected)
    assert torch.equal(frames_of([by_path(path) for path in paths], batch_size=1), expected)
    assert torch.equal(frames_of([{"bytes": paths[0].read_bytes(), "path": None}]), expected[:1])


def test_what_cannot_be_decoded_is_named(video_tree: Path) -> None:
    good = by_path(sorted(video_tree.rglob("*.mp4"))[0])
    with pytest.raises(VideoDecodeError, match=r"row 1: .*broken\.mp4"):
        frames_of([good, {"bytes": b"no video", "path": "broken.mp4"}])
    with pytest.raises(VideoDecodeError, match="row 2: there is no video"):
        frames_of([good, good, None])
    with pytest.raises(VideoDecodeError, match=r"row 0: /not/there\.mp4"):
        frames_of([{"bytes": None, "path": "/not/there.mp4"}])


def test_no_file_of_a_video_is_left(video_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    frames_of([in_itself(path) for path in sorted(video_tree.rglob("*.mp4"))[:2]])
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("columns", [["video", "label"], ["id", "video"]])
def test_videos_are_told_by_their_column(columns: list[str]) -> None:
    assert modality_of(Rows({name: [0] for name in columns}), "Shapes") == "video"  # type: ignore[arg-type]


def test_texts_are_told_by_their_column() -> None:
    assert modality_of(Rows({"id": ["a"], "text": ["a"], "query": ["a"]}), "Shapes") == "text"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "found"),
    [(["video", "audio"], "video and audio"), (["video", "text"], "video and text"), (["image"], "image")],
)
def test_other_inputs_are_refused_by_name(columns: list[str], found: str) -> None:
    with pytest.raises(ValueError, match=f"Shapes gives {found} in one input"):
        modality_of(Rows({name: [0] for name in columns}), "Shapes")  # type: ignore[arg-type]


def test_a_column_of_something_else_says_how_it_is_cast() -> None:
    rows = Rows({"video": ["a.mp4"]}, {"video": "Value(string)"})
    with pytest.raises(TypeError, match=r"the column video holds Value\(string\), not encoded videos; cast it"):
        encoded_videos(rows, "Shapes")  # type: ignore[arg-type]
