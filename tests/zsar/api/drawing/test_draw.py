"""Tests of `draw`."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from zsar.api.drawing.draw import draw
from zsar.api.drawing.panels import Row, rows_panel
from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.datamodules.video_files.writing.mp4_writing import TranscodingError

RANKED = SimpleNamespace(ranked=(("surfing", 0.9), ("diving", 0.1)), answer="surfing", error=None)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    write_video(tmp_path / "a.mp4", np.full((20, 240, 320, 3), 200, np.uint8), frames_per_second=10)
    return tmp_path / "a.mp4"


def darkened(path: Path) -> np.ndarray:
    """[T, 2]: whether the upper left corner and the bottom of each frame are darker than the frame was."""
    with VideoReader(path) as reader:
        frames = reader.frames_at_indices(range(reader.n_frames)).float().mean(dim=1)
    return np.stack([(frames[:, 6:10, 6:60].mean(dim=(1, 2)) < 150), (frames[:, -4:].mean(dim=(1, 2)) < 150)], axis=1)


def test_a_classification_is_on_every_frame(video: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    made = draw(video, RANKED, tmp_path / "out" / "b.mp4", progress=lambda done, total: steps.append((done, total)))
    assert (made.path, made.n_frames, made.sound) == (tmp_path / "out" / "b.mp4", 20, "none")
    assert steps == [(i, 20) for i in range(1, 21)]
    assert (darkened(made.path) == [True, False]).all()


def test_a_segment_is_named_while_it_lasts_and_the_strip_is_on_every_frame(video: Path, tmp_path: Path) -> None:
    segment = SimpleNamespace(start_seconds=0.5, end_seconds=1.0, class_name="surfing", score=0.7)
    made = draw(video, SimpleNamespace(segments=[segment]), tmp_path / "b.mp4")
    now = darkened(made.path)
    assert now[:, 0].tolist() == [5 <= i < 10 for i in range(20)]
    assert now[:, 1].all()


def test_of_several_segments_at_a_time_the_best_one_comes_first(video: Path, tmp_path: Path) -> None:
    """Its bar is the upper one; the colours are those of the classes in the order of the segments."""
    times = {"start_seconds": 0.0, "end_seconds": 2.0}
    segments = [SimpleNamespace(class_name=name, score=score, **times) for name, score in (("a", 0.9), ("b", 1.0))]
    made = draw(video, SimpleNamespace(segments=segments), tmp_path / "b.mp4")
    with VideoReader(made.path) as reader:
        upper = reader.frames_at_indices([5])[0, :, 6:20, :120].flatten(1).int()
    red, _, blue = upper[:, (upper.max(dim=0).values - upper.min(dim=0).values).argmax()].tolist()
    assert red > blue + 50, "orange, the second colour"


def test_progress_is_a_bar_or_a_function_or_nothing(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for progress in (None, True):
        assert draw(video, RANKED, tmp_path / "b.mp4", progress=progress).n_frames == 20
    assert capsys.readouterr().err == "", "bars are for terminals"


def test_what_cannot_be_drawn_leaves_nothing(video: Path, tmp_path: Path) -> None:
    before = video.read_bytes()
    (tmp_path / "link.mp4").symlink_to(video)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "folder.mp4").mkdir()
    write_video(tmp_path / "tiny.mp4", np.zeros((3, 16, 16, 3), np.uint8), frames_per_second=10)
    there = sorted(path.name for path in tmp_path.iterdir())
    failed = SimpleNamespace(ranked=(), answer=None, error="no decoder")
    for answer, source, output, error, message in (
        (RANKED, video, "b.avi", ValueError, "ends in .mp4"),
        (RANKED, video, "folder.mp4", ValueError, "ends in .mp4"),
        (RANKED, tmp_path / "tiny.mp4", "b.mp4", TranscodingError, r"tiny\.mp4: frames of 16x16 px are too small"),
        (RANKED, video, "link.mp4", ValueError, "is the video itself"),
        (failed, video, "b.mp4", ValueError, "no answer to draw: no decoder"),
        (object(), video, "b.mp4", ValueError, "object cannot be drawn"),
        (RANKED, tmp_path / "broken.mp4", "b.mp4", VideoDecodeError, "broken.mp4"),
        (RANKED, tmp_path / "nothing.mp4", "b.mp4", VideoDecodeError, "nothing.mp4"),
        (RANKED, tmp_path / "nothing.mp4", "a.mp4", VideoDecodeError, "nothing.mp4"),
    ):
        with pytest.raises(error, match=message):
            draw(source, answer, tmp_path / output)
    assert sorted(path.name for path in tmp_path.iterdir()) == there
    assert video.read_bytes() == before


def test_an_interruption_leaves_nothing(video: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(video, RANKED, tmp_path / "b.mp4", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_own_probabilities_stand_beside_the_names(monkeypatch: pytest.MonkeyPatch, video: Path, tmp_path: Path) -> None:
    drawn: list[list[str]] = []

    def noted(rows: Sequence[Row], **size: int) -> Any:
        drawn.append([row.name for row in rows])
        return rows_panel(rows, **size)

    monkeypatch.setattr("zsar.api.drawing.draw.rows_panel", noted)
    own = SimpleNamespace(**vars(RANKED), own_probabilities=(("surfing", 0.031), ("diving", 0.0000454)))
    for answer in (RANKED, own):
        draw(video, answer, tmp_path / "b.mp4")
    assert drawn == [["surfing", "diving"], ["surfing (own 3.1 %)", "diving (own 0.00454 %)"]]
