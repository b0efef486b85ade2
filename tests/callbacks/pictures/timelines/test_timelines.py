"""Timelines in a test and a prediction."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.demos.boring_classes import BoringModel
from matplotlib.image import imread

from tests.makers.configs.shipped import CONFIGS
from tests.makers.models.annotated_localizer import AnnotatedLocalizer, shapes, trainer
from zsar.callbacks.pictures.timelines.timelines import Timelines, described
from zsar.datamodules.data_sets.untrimmed.untrimmed_files import UntrimmedFiles
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.contract import Localization, ScoreCurve
from zsar.lightning_modules.run_folders.picture_files import read_pictures
from zsar.runtime.files.video_errors import VideoDecodeError


class CurvedLocalizer(AnnotatedLocalizer):
    """As its base, with a curve."""

    def localize(self, videos: Any, texts: Any, *, seed: int = 0) -> list[dict[int, Localization]]:
        return [
            {
                index: Localization(
                    found.detections, found.suppressed, (ScoreCurve(0, torch.rand(len(video.features)), 0.5),)
                )
                for index, found in of_video.items()
            }
            for video, of_video in zip(videos, super().localize(videos, texts, seed=seed), strict=True)
        ]


def contents(folder: Path) -> dict[str, list[dict[str, Any]]]:
    root = folder / "pictures" / "timelines"
    return {
        of_set.name: [json.loads(path.read_text()) for path in sorted(of_set.glob("*.json"))]
        for of_set in sorted(root.iterdir())
    }


@pytest.mark.slow
def test_chosen_videos_of_each_set_are_drawn_with_what_was_found_and_annotated(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shapes(shapes_root, split=ClassSplit(number="all"))
    callback = Timelines(n_videos=2, sets=["split_3", "split_8"])
    trainer(tmp_path, callback).test(CurvedLocalizer(), datamodule=data, verbose=False)
    written = contents(tmp_path)
    assert list(written) == ["split_3", "split_8"]
    for name, of_set in written.items():
        rows = sorted(data.tested_sets[int(name[-1])].rows)
        assert [content["video"] for content in of_set] == [data.videos[rows[0]].id, data.videos[rows[-1]].id]
        for content in of_set:
            found = [{k: s[k] for k in ("start_seconds", "end_seconds", "class")} for s in content["segments"][1:]]
            assert found == content["annotated"] != []
            assert content["segments"][0]["suppressed"]
            assert len(content["curves"][0]["scores"]) == content["n_frames"]
            assert content["duration_seconds"] > content["annotated"][-1]["end_seconds"]
    pictures = read_pictures(tmp_path)
    assert [picture.set_name for picture in pictures] == ["split_3"] * 2 + ["split_8"] * 2
    assert imread(tmp_path / "pictures" / pictures[0].files["picture"]).shape[1] == 12 * 150
    assert pictures[0].title == f"{written['split_3'][0]['video']} in split_3"
    assert "wrote 4 of 4 pictures into" in capsys.readouterr().out


def test_a_prediction_has_no_annotations(tmp_path: Path, shapes_root: Path) -> None:
    files = sorted(shapes_root.rglob("*.mp4"))[:2]
    data = UntrimmedFiles(
        videos=[str(path) for path in files],
        classes=["red square moving", "<script>alert(1)</script>"],
        loading=UntrimmedLoading(FrameStride(frames=16)),
    )
    trainer(tmp_path, Timelines()).predict(CurvedLocalizer(), datamodule=data)
    (of_set,) = contents(tmp_path).values()
    assert len(of_set) == 2
    assert [content["annotated"] for content in of_set] == [None, None]
    (first, _) = read_pictures(tmp_path)
    assert (first.stage, "Annotated" in first.alt) == ("predict", False)


def test_videos_can_be_named(tmp_path: Path, shapes_root: Path) -> None:
    data = shapes(shapes_root)
    data.setup("test")
    name = data.videos[3].id
    trainer(tmp_path, Timelines(videos=[name])).test(CurvedLocalizer(), datamodule=data, verbose=False)
    assert [content["video"] for content in contents(tmp_path)["test"]] == [name]


def test_videos_of_a_limited_test_are_missed_and_counted(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = trainer(tmp_path, Timelines(n_videos=3), limit_test_batches=1)
    limited.test(CurvedLocalizer(), datamodule=shapes(shapes_root), verbose=False)
    said = capsys.readouterr().out
    assert "wrote 1 of 3 pictures into" in said
    assert "2 of the chosen videos were not looked at" in said


def test_without_frames_the_picture_has_none_and_a_line_says_why(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shapes(shapes_root)

    def broken(*arguments: Any, **settings: Any) -> None:
        raise VideoDecodeError("it ends early")

    monkeypatch.setattr(data, "frames_at", broken)
    trainer(tmp_path, Timelines(n_videos=1)).test(CurvedLocalizer(), datamodule=data, verbose=False)
    assert f"no frames in the picture of {data.videos[0].id}: it ends early" in capsys.readouterr().out
    assert len(read_pictures(tmp_path)) == 1


def test_undecodable_videos_are_reported(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shapes(shapes_root)

    def broken(row: int, **settings: Any) -> Any:
        if row == 0:
            raise VideoDecodeError("it ends early")
        return opened(row, **settings)

    opened = data.open_frames
    monkeypatch.setattr(data, "open_frames", broken)
    trainer(tmp_path, Timelines(n_videos=2)).predict(CurvedLocalizer(), datamodule=data)
    said = capsys.readouterr().out
    assert "wrote 1 of 2 pictures into" in said
    assert f"no picture, it could not be decoded: {data.videos[0].id}" in said


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"videos": ["nothing"]},
            "no video of the sets is called 'nothing'; give names as in detections.json, such as",
        ),
        ({"sets": ["split_0"]}, "there is no set 'split_0'; there are test"),
    ],
)
def test_what_is_not_there_is_an_error_before_the_test(
    tmp_path: Path, shapes_root: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        trainer(tmp_path, Timelines(**settings)).test(CurvedLocalizer(), datamodule=shapes(shapes_root), verbose=False)


@pytest.mark.parametrize("settings", [{"n_videos": 0}, {"videos": []}, {"sets": []}])
def test_settings_that_choose_nothing_are_an_error(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="n_videos|is an empty list"):
        Timelines(**settings)


def test_a_recognizer_has_no_time_lines(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Timelines needs an ActionLocalizer, .*, not a BoringModel"):
        trainer(tmp_path, Timelines()).test(BoringModel(), verbose=False)


def test_many_segments_are_described_by_the_first() -> None:
    segments = [
        {"start_seconds": i, "end_seconds": i + 1, "class": "run", "score": 1.0, "suppressed": i == 8} for i in range(9)
    ]
    said = described({"video": "v", "duration_seconds": 9.0, "segments": segments, "annotated": []})
    assert said.startswith("v, 9.0 s. Found: run from 0.0 to 1.0 s; ")
    assert said.endswith("; 3 more. Suppressed: 1. Annotated: nothing.")


def test_the_fragment_is_appended_to_a_test_of_a_localizer(parse: Any) -> None:
    experiment = CONFIGS / "experiment" / "untrimmed_shapes_t3al.yaml"
    fragment = CONFIGS / "visualization" / "timelines.yaml"
    cli = parse("--config", str(experiment), "--config", str(fragment), subcommand="test")
    (callback,) = cli.config_init["test"]["trainer"]["callbacks"]
    assert isinstance(callback, Timelines)
    assert (callback.n_videos, callback.videos, callback.sets) == (8, None, None)
