import csv
import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

import zsar
from tests.makers.models.biased_models import biased_clip
from tests.reference.ranked_precision import average_precision
from zsar.callbacks.pictures.embedding_map.embedding_map import EmbeddingMap
from zsar.callbacks.pictures.errors.confusion_matrix import ConfusionMatrix
from zsar.callbacks.pictures.errors.mistakes.mistakes import Mistakes
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.callbacks.results.result_manifest import ResultManifest
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.summarize.results.recognition_results import recognition_run
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.run_folders.prediction_files import OWN_COLUMN, PREDICTION_COLUMNS, prediction_file


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def run(path: Path) -> Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", default_root_dir=path, callbacks=[PredictionTable()], **quiet)  # type: ignore[arg-type]


@pytest.mark.parametrize("stage", ["test", "predict", "validate"])
def test_each_video_has_a_row_in_the_order_of_its_set(tmp_path: Path, video_tree: Path, stage: str) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    module = VideoFolder(
        train=video_tree,
        test=video_tree,
        predict=video_tree,
        clips=Clips(n_frames=4, image_size=32),
        split=Split(protocol="base_to_novel"),
        loading=Loading(2, n_workers=0, on_decode_error="count_as_wrong"),
    )
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    getattr(run(tmp_path), stage)(model, datamodule=module)
    names = {"test": ("base", "novel"), "predict": ("predict",), "validate": ("val",)}[stage]
    tables = {name: rows(prediction_file(tmp_path, name)) for name in names}
    for name, table in tables.items():
        assert [row["video"] for row in table] == [row["path"] for row in table] == module.sets[name].all_keys()
        for row in table:
            broken = row["path"] == "red dance/1.mp4"
            assert row["decoded"] == ("no" if broken else "yes")
            assert bool(row["prediction"]) == bool(row["probability"]) == (not broken)
            assert row["label"] == ("" if stage == "predict" else row["path"].split("/")[0])
    assert sum(map(len, tables.values())) == (len(module.sets["val"]) if stage == "validate" else 20)


def test_the_tables_of_many_sets_are_told_in_one_line(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips, loading = Clips(n_frames=4, image_size=32), Loading(8, n_workers=0)
    halves = VideoFolder(train=video_tree, test=video_tree, clips=clips, split=Split(classes="halves"), loading=loading)
    run(tmp_path).test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=halves, verbose=False)
    assert len(list(tmp_path.glob("predictions_half_*.csv"))) == 10
    wrote = [line for line in capsys.readouterr().out.splitlines() if line.startswith("wrote")]
    assert wrote == [f"wrote 10 tables, predictions_SET.csv, into {tmp_path}"]
    whole = VideoFolder(train=video_tree, test=video_tree, clips=clips, loading=loading)
    run(tmp_path).test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=whole, verbose=False)
    assert f"wrote {tmp_path}/predictions_test.csv" in capsys.readouterr().out


@pytest.mark.parametrize("stage", ["test", "predict"])
def test_a_model_with_a_bias_has_the_own_probability_of_the_predicted_class(
    tmp_path: Path, video_tree: Path, tiny_weights: Path, stage: str
) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    module = VideoFolder(
        train=video_tree,
        test=video_tree,
        predict=video_tree,
        clips=Clips(n_frames=4, image_size=32),
        loading=Loading(3, n_workers=0, on_decode_error="count_as_wrong"),
    )
    getattr(run(tmp_path), stage)(ZeroShotCLIP(backbone=biased_clip(tmp_path, tiny_weights)), datamodule=module)
    table = rows(prediction_file(tmp_path, stage))
    assert list(table[0]) == [*PREDICTION_COLUMNS, OWN_COLUMN]
    for row in table:
        assert bool(row[OWN_COLUMN]) == (row["decoded"] == "yes")
    model = zsar.load(str(tmp_path / "biased.json"), weights=tmp_path / "biased.pt", device="cpu")
    video = next(row for row in table if row["decoded"] == "yes")
    names = module.class_text("test")[0].names
    answer = zsar.classify(video_tree / video["path"], list(names), model=model, frames=4)
    assert answer.answer == video["prediction"]
    assert answer.best[1] == pytest.approx(float(video[OWN_COLUMN]), abs=1e-4)


def several_labels(folder: Path) -> VideoFolder:
    """Three classes: most videos show one or two of them, one of each folder shows none, and one is broken."""
    videos = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*.mp4"))
    (folder / videos[0]).write_bytes(b"broken")
    cells = ["red", "red|big", "", "small|big"]
    lines = [f"{video},{cells[number % 4]}" for number, video in enumerate(videos)]
    (folder / "several.csv").write_text("\n".join(["path,label", *lines]))
    return VideoFolder(
        train=folder / "several.csv",
        test=folder / "several.csv",
        predict=folder / "several.csv",
        clips=Clips(n_frames=2, image_size=32),
        split=Split(protocol="multi_label"),
        loading=Loading(3, n_workers=0, on_decode_error="count_as_wrong"),
    )


def test_videos_of_several_labels_are_scored_class_by_class(tmp_path: Path, video_tree: Path) -> None:
    module, scored = several_labels(video_tree), Scored()
    model, trainer = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), run(tmp_path)
    trainer.callbacks = [*trainer.callbacks, scored, ResultManifest()]  # type: ignore[attr-defined]
    trainer.test(model, datamodule=module, verbose=False)
    table, sets = rows(prediction_file(tmp_path, "test")), module.sets["test"]
    assert list(table[0]) == list(PREDICTION_COLUMNS)
    assert [row["label"] for row in table][:4] == ["red", "big|red", "", "big|small"]  # in the order of classes
    assert (table[0]["prediction"], table[0]["decoded"]) == ("", "no")
    logits = torch.cat(scored.logits)
    best = [module.class_names[label] for label in logits.argmax(dim=1).tolist()]
    assert [row["prediction"] for row in table][1:] == best[1:]
    result = json.loads((tmp_path / "results.json").read_text())
    of_set, shown = result["sets"]["test"], torch.from_numpy(sets.label_sets)
    logits[0] = -math.inf  # of the broken video
    for label, name in enumerate(module.class_names):
        due = average_precision(logits[:, label].tolist(), shown[:, label].tolist())
        assert of_set["per_class"][name] == pytest.approx(100 * due, abs=1e-4)
    assert of_set["mean_average_precision"] == pytest.approx(statistics.mean(of_set["per_class"].values()), abs=1e-4)
    assert (of_set["n_failed"], of_set["n_scored_classes"]) == (1, 3)
    assert "top1" not in of_set
    assert result["data"]["protocol"] == "multi_label"
    assert result["data"]["labels"]["test"]["n_positives"] == dict(
        zip(module.class_names, shown.sum(dim=0).tolist(), strict=True)
    )
    settings = recognition_run(tmp_path, result)
    assert settings.figures == {"mean_average_precision": of_set["mean_average_precision"]}
    assert settings.settings.protocol == "multi_label"


def test_a_prediction_has_no_label_and_the_sigmoid_of_the_best_score(tmp_path: Path, video_tree: Path) -> None:
    run(tmp_path).predict(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), several_labels(video_tree))
    table = rows(prediction_file(tmp_path, "predict"))
    assert {row["label"] for row in table} == {""}
    assert all(0 < float(row["probability"]) <= 1 for row in table[1:])


@pytest.mark.parametrize("callback", [ConfusionMatrix, Mistakes, EmbeddingMap])
def test_what_needs_one_label_is_refused_by_name(tmp_path: Path, video_tree: Path, callback: type[Callback]) -> None:
    trainer = run(tmp_path)
    trainer.callbacks = [callback()]  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=rf"{callback.__name__} needs one class for each video.*leave out"):
        trainer.test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=several_labels(video_tree))


class Scored(Callback):
    """Keeps the logits of a test."""

    def __init__(self) -> None:
        self.logits: list[torch.Tensor] = []

    def on_test_batch_end(self, *arguments: Any, **_: Any) -> None:
        self.logits.append(arguments[2]["logits"])
