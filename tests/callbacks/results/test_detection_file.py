import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.makers.models.annotated_localizer import AnnotatedLocalizer, shapes, trainer
from zsar.callbacks.results.detection_file import DetectionFile
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.contract import Localization
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES


def written(run_dir: Path, stage: str, data: Any) -> dict[str, Any]:
    getattr(trainer(run_dir, DetectionFile()), stage)(AnnotatedLocalizer(), datamodule=data)
    content: dict[str, Any] = json.loads((run_dir / DETECTION_FILES[stage]).read_text())
    return content


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_what_was_found_is_written_by_video_with_names_scores_and_seconds(
    tmp_path: Path, shapes_root: Path, stage: str
) -> None:
    data = shapes(shapes_root, loading=UntrimmedLoading(FrameStride(frames=16), batch_size=3))
    content = written(tmp_path, stage, data)
    assert content["version"] == f"zsar {version('zsar')}"
    assert list(content["sets"]) == [stage]
    (tested,) = data.tested_sets
    expected: dict[str, Any] = {video.id: [] for video in data.videos}
    for i in tested.instances:
        segment = [i.start_seconds, i.end_seconds]
        found = {"label": tested.class_names[i.label], "score": 0.75, "segment": segment}
        expected[data.videos[i.video].id].append(found)
    assert content["sets"][stage]["results"] == expected
    assert list(content["sets"][stage]["results"]) == [video.id for video in data.videos]
    annotated = {video: [{k: a[k] for k in ("label", "segment")} for a in found] for video, found in expected.items()}
    assert content["sets"][stage].get("annotations") == (annotated if stage == "test" else None)
    assert [path.name for path in tmp_path.iterdir()] == [DETECTION_FILES[stage]]


def test_each_draw_has_its_own_videos_and_names_and_a_video_without_actions_an_empty_list(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = AnnotatedLocalizer.localize

    def nothing_in_the_first_draw(
        self: AnnotatedLocalizer, videos: Any, texts: Any, *, seed: int
    ) -> list[dict[int, Localization]]:
        return [
            {index: own if index else Localization((), own.detections) for index, own in of_video.items()}
            for of_video in found(self, videos, texts, seed=seed)
        ]

    monkeypatch.setattr(AnnotatedLocalizer, "localize", nothing_in_the_first_draw)
    data = shapes(shapes_root, split=ClassSplit(number="all"))
    sets = written(tmp_path, "predict", data)["sets"]
    assert list(sets) == [f"split_{number}" for number in range(10)]
    for of_set, tested in zip(sets.values(), data.tested_sets, strict=True):
        assert set(of_set["results"]) == {data.videos[row].id for row in tested.rows}
        named = {each["label"] for found_in in of_set["results"].values() for each in found_in}
        assert named == (set() if tested.number == 0 else set(tested.class_names))


def test_a_second_run_starts_over(tmp_path: Path, shapes_root: Path) -> None:
    callback = DetectionFile()
    for limit in (2, 1):
        trainer(tmp_path, callback, limit_predict_batches=limit).predict(AnnotatedLocalizer(), shapes(shapes_root))
        content = json.loads((tmp_path / "detections_predict.json").read_text())
        assert len(content["sets"]["predict"]["results"]) == limit
