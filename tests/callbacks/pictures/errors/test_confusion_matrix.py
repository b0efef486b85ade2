import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from tests.makers.results.recognizer_tests import colour_videos, picture_numbers, run_recognizer_test
from tests.makers.source_tree import ROOT
from zsar.callbacks.pictures.errors.confusion_matrix import ConfusionMatrix
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.datamodules.settings import Split
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.run_folders.picture_files import read_pictures


def test_counts_are_those_of_the_table_of_predictions(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    trainer = run_recognizer_test(tmp_path, colour_videos(video_tree), PredictionTable(), ConfusionMatrix())
    content = picture_numbers(tmp_path, "confusion", "test", "matrix")
    names = content["classes"]
    with (tmp_path / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    cells: dict[tuple[int, int], int] = {}
    for row in rows:
        if row["decoded"] == "yes":
            cell = names.index(row["label"]), names.index(row["prediction"])
            cells[cell] = cells.get(cell, 0) + 1
    assert {(i, j): n for i, j, n in content["cells"]} == cells
    assert content["undecodable"] == [0, 0, 1, 0]
    assert (content["n"], content["n_listed"]) == (20, 20)
    top1 = 100 * content["n_right"] / content["n"]
    assert top1 == pytest.approx(float(trainer.callback_metrics["test/top1"]))
    classes = picture_numbers(tmp_path, "confusion", "test", "classes")["classes"]
    assert [c["n"] for c in classes] == [5] * 4
    assert sum(c["n_undecodable"] for c in classes) == 1
    assert [c["top1"] for c in classes] == sorted(c["top1"] for c in classes)
    printed = capsys.readouterr().out
    assert "worst of 4 classes of test" in printed
    assert "wrote 2 pictures into" in printed


def test_base_and_novel_have_their_own_and_the_index_says_what_there_is_to_see(
    tmp_path: Path, video_tree: Path
) -> None:
    run_recognizer_test(tmp_path, colour_videos(video_tree, split=Split(protocol="base_to_novel")), ConfusionMatrix())
    pictures = read_pictures(tmp_path)
    assert [(p.kind, p.set_name) for p in pictures] == [("confusion", s) for s in ("base", "base", "novel", "novel")]
    for picture in pictures:
        assert set(picture.files) == {"picture", "numbers", "table"}
        assert all((path := picture.path(tmp_path, role)) and path.stat().st_size for role in picture.files)
        assert "of 10 videos right" in picture.alt
    assert len(picture_numbers(tmp_path, "confusion", "novel", "matrix")["classes"]) == 2


def test_a_limited_test_says_how_many_videos_are_listed(tmp_path: Path, video_tree: Path) -> None:
    run_recognizer_test(tmp_path, colour_videos(video_tree), ConfusionMatrix(), limit_test_batches=2)
    assert picture_numbers(tmp_path, "confusion", "test", "matrix")["n"] == 6
    assert "limited test, 20 are listed" in read_pictures(tmp_path)[0].alt


def test_a_set_without_a_tested_video_has_no_picture_and_says_so(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    class Nothing(ConfusionMatrix):
        def on_test_batch_end(self, *_: Any, **__: Any) -> None:
            """Sees no video."""

    run_recognizer_test(tmp_path, colour_videos(video_tree), Nothing())
    assert "no confusion matrix of test: none of its 20 videos was tested" in capsys.readouterr().out
    assert read_pictures(tmp_path) == []
    assert not any("compute" in str(warning.message) for warning in recwarn)


def test_a_second_test_starts_from_nothing(tmp_path: Path, video_tree: Path) -> None:
    callback, data = ConfusionMatrix(), colour_videos(video_tree)
    for _ in range(2):
        run_recognizer_test(tmp_path, data, callback)
    assert picture_numbers(tmp_path, "confusion", "test", "matrix")["n"] == 20
    assert len(read_pictures(tmp_path)) == 2


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[ConfusionMatrix()])
    with pytest.raises(ValueError, match="ConfusionMatrix needs an ActionRecognizer, .*, not a BoringModel"):
        trainer.test(BoringModel())


@pytest.mark.slow
def test_two_processes_write_what_one_writes(tmp_path: Path, video_tree: Path, tiny_weights: Path) -> None:
    """All files of `visualization/errors`; one video cannot be decoded."""
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    backbone = {"architecture": "tiny-clip", "weights": str(tiny_weights)}
    loading = {"batch_size": 3, "n_workers": 0, "on_decode_error": "count_as_wrong"}
    settings = {"train": str(video_tree), "test": str(video_tree), "text": {"templates": "name"}, "loading": loading}
    content = {
        "model": {"class_path": "ZeroShotCLIP", "init_args": {"backbone": backbone}},
        "data": {
            "class_path": "VideoFolder",
            "init_args": {**settings, "clips": {"n_frames": 4, "image_size": 32}},
        },
        "trainer": {"accelerator": "cpu", "logger": False, "enable_progress_bar": False},
    }
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(content))
    fragment = ROOT / "configs" / "visualization" / "errors.yaml"
    command = ["test", "--config", str(tmp_path / "experiment.yaml"), "--config", str(fragment)]
    assert main([*command, "--run_dir", str(tmp_path / "one")]) == 0
    command += ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--run_dir", str(tmp_path / "two")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "zsar", *command],
        capture_output=True, text=True, env=environment, cwd=ROOT, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one, two = (
        {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "one" / "pictures", tmp_path / "two" / "pictures")
    )
    assert one.keys() == two.keys()
    assert {Path(name).suffix for name in one} == {".json", ".csv", ".png", ".webp"}
    assert {name.split("/")[0] for name in one} == {"confusion", "mistakes", "calibration", "index.json"}
    for name, path in one.items():
        if path.suffix == ".json":  # batches of other videos change the last digits of a probability
            rounded = [json.loads(p.read_text(), parse_float=lambda x: round(float(x), 3)) for p in (path, two[name])]
            assert rounded[0] == rounded[1], name
        elif path.suffix != ".png":
            assert path.read_bytes() == two[name].read_bytes(), name
