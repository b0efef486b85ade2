import csv
from pathlib import Path

import pytest
from lightning.pytorch import Trainer

import zsar
from tests.makers.models.biased_models import biased_clip
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
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
