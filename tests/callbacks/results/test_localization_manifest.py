import json
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.demos.boring_classes import BoringModel

from tests.makers.models.annotated_localizer import AnnotatedLocalizer, shapes, trainer
from zsar.callbacks.cost.cost_meter import CostMeter
from zsar.callbacks.results.localization_manifest import LocalizationManifest
from zsar.datamodules.data_sets.untrimmed.untrimmed_files import UntrimmedFiles
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.lightning_modules.localization.contract import Localization
from zsar.runtime.files.video_errors import VideoDecodeError

FIGURES = ("map_0.3", "map_0.5", "map_0.75", "map_0.95", "map", "paper_mean")
ALL_DRAWS = ClassSplit(number="all")


def results_of(run_dir: Path, data: UntrimmedVideoDataModule, **arguments: Any) -> dict[str, Any]:
    run = trainer(run_dir, LocalizationManifest({"a": 1}), **arguments)
    run.test(AnnotatedLocalizer(), datamodule=data, verbose=False)
    content: dict[str, Any] = json.loads((run_dir / "results.json").read_text())
    return content


def files(root: Path, folder: Path, annotated: dict[str, list[dict[str, Any]]] | None) -> UntrimmedFiles:
    """Two of the rendered videos, with these annotations."""
    names = ("blue_circle_00", "red_square_00")
    videos: list[Path | str] = [next(root.rglob(f"{name}.mp4")) for name in names]
    if annotated is None:
        return UntrimmedFiles(videos=videos, classes=["waving"])
    entries = {name: {"duration_second": 20.0, "annotations": annotated[name]} for name in names}
    (folder / "annotations.json").write_text(json.dumps(entries))
    return UntrimmedFiles(videos=videos, classes=["waving"], annotations=folder / "annotations.json")


def test_results_name_the_figures_of_a_set_and_all_that_is_needed_to_reproduce_them(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shapes(shapes_root)
    content = results_of(tmp_path, data)
    assert (content["task"], content["stage"], content["complete"]) == ("localization", "test", True)
    assert content["sets"] == {"test": {**dict.fromkeys(FIGURES, 100.0), "n_classes": 8, "n_videos": 8, "n_listed": 8}}
    assert (content["mean"], content["std"]) == (dict.fromkeys(FIGURES, 100.0), None)
    assert "segment_scores" not in content  # this method compares none
    n_instances = len(data.tested_sets[0].instances)
    counted = [content[name] for name in ("n_adaptations", "n_videos", "n_detections", "n_suppressed")]
    assert counted == [8, 8, n_instances, 8]
    assert content["model"] == {
        "class_path": "tests.makers.models.annotated_localizer.AnnotatedLocalizer",
        "architecture": "tiny-clip",
        "backbone_hash": content["model"]["backbone_hash"],
    }
    assert len(content["model"]["backbone_hash"]) == 16
    assert content["data"]["split_hash"] == data.describe()["split_hash"]
    assert content["class_text"]["test"]["hash"] == data.class_text("test")[0].content_hash
    assert (content["config"], content["n_processes"], content["precision"]) == ({"a": 1}, 1, "32-true")
    assert "packages" in content["environment"]
    printed = capsys.readouterr().out
    assert "100.0" in printed
    assert "deviation" not in printed


def test_ten_draws_have_a_mean_and_a_deviation_and_each_video_is_counted_once(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = AnnotatedLocalizer.localize

    def without_the_first_two_draws(
        self: AnnotatedLocalizer, videos: Any, texts: Any, *, seed: int
    ) -> list[dict[int, Localization]]:
        return [
            {index: Localization(()) if index < 2 else own for index, own in of_video.items()}
            for of_video in found(self, videos, texts, seed=seed)
        ]

    monkeypatch.setattr(AnnotatedLocalizer, "localize", without_the_first_two_draws)
    data = shapes(shapes_root, split=ALL_DRAWS)
    content = results_of(tmp_path, data)
    assert list(content["sets"]) == [f"split_{number}" for number in range(10)]
    assert content["n_videos"] == len(data.videos) == 16
    assert content["n_detections"] == sum(len(tested.instances) for tested in data.tested_sets[2:])
    assert content["mean"]["map_0.5"] == pytest.approx(80)
    assert content["std"]["map_0.5"] == pytest.approx((1600 * 10 / 9) ** 0.5)
    rows = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if "│" in line}
    assert ("0.0" in rows["split_0"], "100.0" in rows["split_9"]) == (True, True)
    assert ("80.0" in rows["mean"], "42.2" in rows["± deviation"]) == (True, True)


def test_compared_scores_are_written_and_printed_where_a_method_has_them(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = {"length": dict.fromkeys(FIGURES, 12.5), "random": dict.fromkeys(FIGURES, 4.25)}
    monkeypatch.setattr(AnnotatedLocalizer, "compared_scores", lambda self: compared)
    assert results_of(tmp_path, shapes(shapes_root))["segment_scores"] == compared
    rows = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if "│" in line}
    assert ("12.5" in rows["length"], "4.2" in rows["random"]) == (True, True)


def test_a_video_that_could_not_be_decoded_took_its_time_too(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shapes(shapes_root)
    opened, counted = data.open_frames, []

    def broken(row: int, **settings: Any) -> Any:
        if row == 0:
            raise VideoDecodeError("it ends early")
        return opened(row, **settings)

    def cost(self: CostMeter, *_: Any, n_videos: int, **others: Any) -> dict[str, float]:
        counted.append(n_videos)
        return {"seconds": 1.0}

    monkeypatch.setattr(data, "open_frames", broken)
    monkeypatch.setattr(CostMeter, "cost", cost)
    trainer(tmp_path, LocalizationManifest()).predict(AnnotatedLocalizer(), datamodule=data)
    assert json.loads((tmp_path / "results_predict.json").read_text())["n_videos"] == len(data.videos) - 1
    assert counted == [len(data.videos)]


def test_a_prediction_has_counts_and_no_figures(tmp_path: Path, shapes_root: Path) -> None:
    data = shapes(shapes_root, split=ALL_DRAWS)
    trainer(tmp_path, LocalizationManifest()).predict(AnnotatedLocalizer(), datamodule=data)
    assert [path.name for path in tmp_path.iterdir()] == ["results_predict.json"]
    content = json.loads((tmp_path / "results_predict.json").read_text())
    assert (content["stage"], content["complete"], content["n_videos"]) == ("predict", True, 16)
    counts = {"n_classes": 8, "n_listed": 16, "n_failed": 0}
    assert content["sets"] == {f"split_{number}": counts for number in range(10)}
    assert content["undecodable"] == []
    assert {"mean", "std"}.isdisjoint(content)


def test_a_limited_test_leaves_out_draws_of_whose_actions_none_was_seen_and_is_marked(
    tmp_path: Path, shapes_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = results_of(tmp_path, shapes(shapes_root, split=ALL_DRAWS), limit_test_batches=2)
    assert content["complete"] is False
    assert content["n_videos"] == 2
    without = {name: of_set for name, of_set in content["sets"].items() if "map" not in of_set}
    assert 0 < len(without) < 10
    assert all(of_set == {"n_classes": 0, "n_videos": 0, "n_listed": 8} for of_set in without.values())
    assert content["mean"] == dict.fromkeys(FIGURES, 100.0)
    assert "2 of 8" in capsys.readouterr().out


def test_a_limited_test_that_saw_no_action_at_all_is_an_error(tmp_path: Path, shapes_root: Path) -> None:
    annotated = {"blue_circle_00": [], "red_square_00": [{"segment": [1.0, 2.0], "label": "waving"}]}
    data = files(shapes_root, tmp_path, annotated)
    with pytest.raises(ValueError, match=r"annotated in the 1 videos seen.*raise --trainer\.limit_test_batches"):
        results_of(tmp_path, data, limit_test_batches=1)
    assert results_of(tmp_path, data)["sets"]["test"]["n_videos"] == 2


def test_a_test_without_annotations_is_refused_before_any_video_is_read(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnnotatedLocalizer, "test_step", lambda *_: pytest.fail("a video was read"))
    with pytest.raises(ValueError, match=r"the 2 videos of UntrimmedFiles have no annotated action.*`zsar predict`"):
        results_of(tmp_path, files(shapes_root, tmp_path, None))


def test_a_loader_that_loses_videos_is_found_out(
    tmp_path: Path, shapes_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "zsar.datamodules.samplers.EvaluationSampler.__iter__", lambda self: iter(list(self.indices)[:7])
    )
    with pytest.raises(RuntimeError, match="8 videos are listed in the set 'test', but 7 were evaluated"):
        results_of(tmp_path, shapes(shapes_root))


def test_a_second_test_counts_from_zero(tmp_path: Path, shapes_root: Path) -> None:
    callback = LocalizationManifest()
    for _ in range(2):
        trainer(tmp_path, callback).test(AnnotatedLocalizer(), datamodule=shapes(shapes_root), verbose=False)
    content = json.loads((tmp_path / "results.json").read_text())
    assert (content["n_videos"], content["n_suppressed"]) == (8, 8)


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="describes an ActionLocalizer, not a BoringModel"):
        trainer(tmp_path, LocalizationManifest()).test(BoringModel())
