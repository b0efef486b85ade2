from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from zsar.callbacks.undecodable_videos import UndecodableVideos
from zsar.datamodules.batch import VideoBatch
from zsar.runtime.files.video_errors import VideoDecodeError


def batch(*problems: str) -> VideoBatch:
    n = max(1, len(problems))
    frames = torch.zeros(n, 1, 1, 3, 2, 2, dtype=torch.uint8)
    of_videos = torch.zeros(n, dtype=torch.int64)
    return VideoBatch(frames, of_videos, of_videos, torch.tensor([bool(problems)] * n), problems)


class Data:
    """A data module that lets nothing count as wrong."""

    def refuse_undecoded(self, problems: list[str]) -> None:
        if problems:
            raise VideoDecodeError("; ".join(problems))


def trainer(stage: str) -> Any:
    return SimpleNamespace(world_size=1, is_global_zero=True, state=SimpleNamespace(fn=stage), datamodule=Data())


def run(stage: str, batches: list[tuple[Any, Any]]) -> tuple[UndecodableVideos, Any]:
    callback, at = UndecodableVideos(), trainer(stage)
    callback.on_test_start(at, None)  # type: ignore[arg-type]
    for i, (outputs, each) in enumerate(batches):
        callback.on_test_batch_end(at, None, outputs, each, i)  # type: ignore[arg-type]
    return callback, at


def test_a_test_ends_with_all_that_could_not_be_decoded() -> None:
    callback, at = run("test", [(None, batch("b: cut")), (None, batch()), (None, batch("a: empty"))])
    with pytest.raises(VideoDecodeError, match="^a: empty; b: cut$"):
        callback.on_test_epoch_end(at, None)  # type: ignore[arg-type]


def test_a_model_that_reads_videos_itself_says_what_it_could_not() -> None:
    callback, at = run("test", [({"undecodable": ("a: cut",), "rows": torch.zeros(1)}, torch.zeros(2))])
    with pytest.raises(VideoDecodeError, match="^a: cut$"):
        callback.on_test_epoch_end(at, None)  # type: ignore[arg-type]


def test_a_stage_without_bad_videos_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    callback, at = run("predict", [(None, batch())])
    callback.on_test_epoch_end(at, None)  # type: ignore[arg-type]
    callback.on_predict_end(at, None)  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""


def test_a_prediction_counts_them_and_names_twenty(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    callback, at = run("predict", [(None, batch(*(f"{i:02d}.mp4: cut" for i in range(23)))), (None, batch())])
    callback.on_predict_end(at, None)  # type: ignore[arg-type]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "23 videos could not be decoded; the others are predicted"
    assert (lines[1], lines[20]) == ("  not decoded: 00.mp4: cut", "  not decoded: 19.mp4: cut")
    assert lines[21] == "  and 3 more, listed in the file of predictions"


def test_a_prediction_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for outputs, own in (
        (None, batch("a: cut")),
        ({"undecodable": ("a: cut",), "rows": torch.zeros(0)}, torch.zeros(1)),
    ):
        callback, at = run("predict", [(outputs, own)])
        callback.on_predict_end(at, None)  # type: ignore[arg-type]
        said = "1 video could not be decoded; there are no others, and nothing is predicted"
        assert capsys.readouterr().out.splitlines()[0] == said


def test_held_out_clips_are_named_once_in_a_training(capsys: pytest.CaptureFixture[str]) -> None:
    callback, at = run("fit", [(None, batch("a: cut"))])
    for _ in range(3):
        callback.on_validation_epoch_end(at, None)  # type: ignore[arg-type]
    assert capsys.readouterr().err == "left out of the held-out clips: a: cut\n"
