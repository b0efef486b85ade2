import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from torchmetrics.classification import MulticlassCalibrationError

from tests.makers.models.biased_models import biased_clip
from tests.makers.results.recognizer_tests import colour_videos, picture_numbers, run_recognizer_test
from zsar.callbacks.pictures.errors.calibration import Calibration
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.datamodules.batch import VideoBatch
from zsar.datamodules.settings import Split
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.run_folders.picture_files import read_pictures


class Oracle(Calibration):
    """torchmetrics' calibration error of the same test, without the videos that could not be decoded."""

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_test_start(trainer, pl_module)
        self.metric = MulticlassCalibrationError(4, n_bins=15, norm="l1")

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        super().on_test_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        good = ~batch.failed
        self.metric.update(outputs["probabilities"][good], batch.labels[good])


def test_the_calibration_error_is_that_of_torchmetrics_without_what_was_not_decoded(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (video_tree / "red dance" / "1.mp4").write_bytes(b"broken")
    callback = Oracle()
    run_recognizer_test(tmp_path, colour_videos(video_tree), PredictionTable(), callback)
    content = picture_numbers(tmp_path, "calibration", "test", "calibration")
    assert content["reliability"]["ece"] == pytest.approx(float(callback.metric.compute()), abs=1e-6)
    assert (content["n"], content["n_undecodable"], sum(content["reliability"]["n"])) == (19, 1, 19)
    with (tmp_path / "predictions_test.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["decoded"] == "yes"]
    right = [row["label"] == row["prediction"] for row in rows]
    assert content["reliability"]["mean_accuracy"] == pytest.approx(sum(right) / 19)
    mean = sum(float(row["probability"]) for row in rows) / 19
    assert content["reliability"]["mean_confidence"] == pytest.approx(mean, abs=1e-4)
    assert "--threshold" in capsys.readouterr().out
    (picture,) = read_pictures(tmp_path)
    assert "19 videos, 1 not decoded is left out" in picture.alt


def test_thresholds_of_each_set_are_tried_on_the_other(tmp_path: Path, video_tree: Path) -> None:
    run_recognizer_test(tmp_path, colour_videos(video_tree, split=Split(protocol="base_to_novel")), Calibration())
    for name, other in (("base", "novel"), ("novel", "base")):
        found = picture_numbers(tmp_path, "calibration", name, "calibration")["thresholds_for_risk"]
        assert all(list(entry["on_other_sets"]) == [other] for entry in found)


def test_a_set_without_a_prediction_has_no_calibration_and_says_so(
    tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in video_tree.rglob("*.mp4"):
        path.write_bytes(b"broken")
    run_recognizer_test(tmp_path, colour_videos(video_tree), Calibration())
    assert "no calibration of test: none of its 20 videos has a prediction" in capsys.readouterr().out
    assert read_pictures(tmp_path) == []


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[Calibration()])
    with pytest.raises(ValueError, match="Calibration needs an ActionRecognizer, .*, not a BoringModel"):
        trainer.test(BoringModel())


def test_the_random_state_of_a_test_is_left_alone(tmp_path: Path, video_tree: Path) -> None:
    run_recognizer_test(tmp_path / "a", colour_videos(video_tree))
    without = torch.rand(1)
    run_recognizer_test(tmp_path / "b", colour_videos(video_tree), Calibration())
    assert torch.equal(torch.rand(1), without)


def test_a_model_with_a_bias_has_thresholds_of_own_probabilities_and_says_so(
    tmp_path: Path, video_tree: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    callbacks = [PredictionTable(), Calibration()]
    trainer = Trainer(accelerator="cpu", default_root_dir=tmp_path, callbacks=callbacks, **quiet)
    model = ZeroShotCLIP(backbone=biased_clip(tmp_path, tiny_weights))
    trainer.test(model, datamodule=colour_videos(video_tree), verbose=False)
    content = picture_numbers(tmp_path, "calibration", "test", "calibration")
    with (tmp_path / "predictions_test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    own = sorted({round(float(row["own_probability"]), 4) for row in rows}, reverse=True)
    assert content["threshold_of"] == "own probability"
    found = sorted({round(c, 4) for c in content["risk_coverage"]["confidence"]}, reverse=True)
    assert found == pytest.approx(own, abs=1e-4)
    mean = sum(float(row["probability"]) for row in rows) / len(rows)
    assert content["reliability"]["mean_confidence"] == pytest.approx(mean, abs=1e-4)
    assert "--threshold is an own probability" in " ".join(capsys.readouterr().out.split())
    (picture,) = read_pictures(tmp_path)
    assert picture.alt.endswith("Thresholds are of own probabilities.")
