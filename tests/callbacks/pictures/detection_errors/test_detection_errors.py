"""DetectionErrors in a test run."""

import json
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.demos.boring_classes import BoringModel
from matplotlib.image import imread

from tests.makers.configs.shipped import CONFIGS
from tests.makers.models.annotated_localizer import AnnotatedLocalizer, shapes, trainer
from tests.makers.results.detection_diagnoses import diagnosis
from zsar.callbacks.pictures import written_pictures
from zsar.callbacks.pictures.detection_errors import detection_errors
from zsar.callbacks.pictures.detection_errors.detection_errors import DetectionErrors, described
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.lightning_modules.localization.contract import Detection, Localization
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.run_folders.picture_files import read_pictures


class TooManyLocalizer(AnnotatedLocalizer):
    """Finds what is annotated, and with a higher score the first half second of every video."""

    def localize(self, videos: Any, texts: Any, *, seed: int = 0) -> list[dict[int, Localization]]:
        wrong = Detection(Segment(0.0, 0.5, 0, 0, 0.9), 0)
        return [
            {index: Localization((wrong, *found.detections)) for index, found in of_video.items()}
            for of_video in super().localize(videos, texts, seed=seed)
        ]


def numbers_in(folder: Path, set_name: str = "test") -> dict[str, Any]:
    path = folder / "pictures" / "detection_errors" / set_name / "errors.json"
    content: dict[str, Any] = json.loads(path.read_text())
    return content


@pytest.mark.slow
def test_each_draw_is_diagnosed_and_map_is_that_of_the_test(tmp_path: Path, shapes_root: Path) -> None:
    data = shapes(shapes_root, split=ClassSplit(number="all"))
    running = trainer(tmp_path, DetectionErrors())
    running.test(TooManyLocalizer(), datamodule=data, verbose=False)
    pictures = read_pictures(tmp_path)
    assert [picture.set_name for picture in pictures] == ["all_draws", *(f"split_{number}" for number in range(10))]
    assert {(picture.kind, picture.stage) for picture in pictures} == {("detection_errors", "test")}
    assert "on all 10 draws of classes, each video once in each of its draws, mAP" in pictures[0].title
    assert numbers_in(tmp_path, "all_draws")["map"] == pytest.approx(float(running.callback_metrics["test/map_0.5"]))
    for index, picture in enumerate(pictures[1:]):
        numbers = numbers_in(tmp_path, picture.set_name)
        assert numbers["map"] == float(running.callback_metrics[f"test/{picture.set_name}/map_0.5"])
        assert f"mAP {numbers['map']:.1f} %" in picture.title
        tested = data.tested_sets[index]
        assert (numbers["n_instances"], numbers["n_listed"]) == (len(tested.instances), len(tested.rows))
        of_first, others = numbers["classes"][0], numbers["classes"][1:]
        assert sum(of_first["errors"].values()) == len(tested.rows)  # one wrong prediction in each video
        assert [sum(c["errors"].values()) for c in others] == [0] * len(others)
        image = imread(tmp_path / "pictures" / picture.files["picture"])
        assert image.shape[1] == 15 * 150


def test_a_limited_test_is_diagnosed_on_the_videos_that_it_saw(tmp_path: Path, shapes_root: Path) -> None:
    limited = trainer(tmp_path, DetectionErrors(iou_threshold=0.75), limit_test_batches=2)
    limited.test(AnnotatedLocalizer(), datamodule=shapes(shapes_root), verbose=False)
    (picture,) = read_pictures(tmp_path)
    numbers = numbers_in(tmp_path)
    assert (numbers["n_videos"], numbers["iou_threshold"], numbers["map"]) == (2, 0.75, 100)
    assert picture.title.endswith(f"on 2 of {numbers['n_listed']} videos")
    assert "No kind of false positive lowers mAP" in picture.alt


@pytest.mark.slow
def test_a_set_without_an_action_in_the_videos_seen_is_said(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shapes(shapes_root, split=ClassSplit(number="all"))
    trainer(tmp_path, DetectionErrors(), limit_test_batches=1).test(
        AnnotatedLocalizer(), datamodule=data, verbose=False
    )
    said = capsys.readouterr().out
    without = [t for t in data.tested_sets if not any(i.video == 0 for i in t.instances)]
    assert 0 < len(without) < 10
    assert said.count("videos seen have no annotated action of it") == len(without)
    assert len(read_pictures(tmp_path)) == 11 - len(without)


def test_a_second_test_starts_over(tmp_path: Path, shapes_root: Path) -> None:
    callback = DetectionErrors()
    for limit in (2, 1):
        limited = trainer(tmp_path, callback, limit_test_batches=limit)
        limited.test(AnnotatedLocalizer(), datamodule=shapes(shapes_root), verbose=False)
        assert numbers_in(tmp_path)["n_videos"] == limit


def test_the_predictions_of_all_processes_count(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process has seen a video in which it found everything twice."""
    data = shapes(shapes_root)

    def with_another(value: Any, trainer: Any) -> list[Any]:
        _, durations = value
        row = next(row for row in sorted(data.tested_sets[0].rows) if row not in durations[0])
        truth = data.ground_truth([row])
        found = [(row, label, *s, 0.5) for label, s in zip(truth.labels.tolist(), truth.seconds.tolist(), strict=True)]
        return [value, ({0: found * 2}, {0: {row: 20.0}})]

    monkeypatch.setattr(detection_errors, "gather_from_all", with_another)
    monkeypatch.setattr(written_pictures, "gather_from_all", lambda value, trainer: [value])
    limited = trainer(tmp_path, DetectionErrors(), limit_test_batches=1)
    limited.test(AnnotatedLocalizer(), datamodule=data, verbose=False)
    numbers = numbers_in(tmp_path)
    assert numbers["n_videos"] == 2
    assert numbers["n_found"] == numbers["n_instances"]
    assert numbers["errors"]["double_detection"] > 0


def test_a_recognizer_has_no_detections(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="DetectionErrors needs an ActionLocalizer, .*, not a BoringModel"):
        trainer(tmp_path, DetectionErrors()).test(BoringModel(), verbose=False)


@pytest.mark.parametrize("threshold", [0, 0.1, 2])
def test_a_threshold_out_of_range_is_an_error_at_once(threshold: float) -> None:
    with pytest.raises(ValueError, match="iou_threshold must be above 0.1"):
        DetectionErrors(iou_threshold=threshold)


def test_the_picture_is_described_in_words() -> None:
    numbers = diagnosis(n_classes=4)
    said = described(numbers)
    kind = max(numbers["errors"], key=lambda name: numbers["gain"][name]).replace("_", " ")
    assert f"of the kind {kind}" in said
    assert f"{numbers['n_found']} of 40 instances are found by 120 predictions" in said


def test_the_fragment_is_appended_to_a_test_of_a_localizer(parse: Any) -> None:
    experiment = CONFIGS / "experiment" / "untrimmed_shapes_t3al.yaml"
    fragment = CONFIGS / "visualization" / "detection_errors.yaml"
    cli = parse("--config", str(experiment), "--config", str(fragment), subcommand="test")
    (callback,) = cli.config_init["test"]["trainer"]["callbacks"]
    assert isinstance(callback, DetectionErrors)
    assert callback.iou_threshold == 0.5
