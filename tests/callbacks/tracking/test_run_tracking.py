from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import wandb
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import WandbLogger

from tests.makers.results.wandb_files import TrackedRun, tracked_runs
from zsar.callbacks.results.prediction_table import PredictionTable
from zsar.callbacks.results.result_manifest import ResultManifest
from zsar.callbacks.tracking import run_tracking, tracked_tables
from zsar.callbacks.tracking.run_tracking import RunTracking
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


@pytest.fixture
def module(video_tree: Path) -> VideoFolder:
    return VideoFolder(
        train=video_tree, test=video_tree, clips=Clips(n_frames=4, image_size=32), loading=Loading(8, n_workers=0)
    )


def tracked_test(folder: Path, module: VideoFolder, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> TrackedRun:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DATA_DIR", str(folder / "wandb"))
    wandb.finish()  # of another test; a process has one run of W&B at a time
    tracking = RunTracking(experiment=["e"], settings={"model": {"<b>": 1}}, **settings)
    logger = WandbLogger(project="p", name="seed0 test", save_dir=folder, tags=["mine"], mode="offline")
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    callbacks = [tracking, ResultManifest(), PredictionTable()]  # whatever the order, it reads what they have written
    trainer = Trainer(accelerator="cpu", logger=logger, default_root_dir=folder, callbacks=callbacks, **quiet)  # type: ignore[arg-type]
    trainer.test(ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random")), datamodule=module, verbose=False)
    wandb.finish()
    (run,) = tracked_runs(folder)
    return run


def page(folder: Path, path: Path) -> None:
    path.write_text(f"<!DOCTYPE html> {(folder / 'results.json').is_file()}")


def test_a_test_hands_over_configuration_tables_and_files(
    tmp_path: Path, module: VideoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tracked_test(tmp_path, module, monkeypatch, page=page)
    assert run.tags == ["mine", "ZeroShotCLIP", "video_folder", "all_classes", "tiny-clip"]
    assert run.config["settings"] == {"model": {"<b>": 1}}
    assert (run.config["stage"], run.config["experiment"]) == ("test", ["e"])
    assert (run.summary["complete"], run.summary["n_undecodable"]) == (True, 0)
    assert run.summary["cost/frames_per_view"] == 4
    assert run.summary["test/top1"] >= 0
    columns, rows = run.table("predictions")
    assert (columns[:3], len(rows)) == (["set", "video", "path"], 20)
    assert {row[0] for row in run.table("per_class")[1]} == {row[0] for row in run.table("per_set")[1]} == {"test"}
    results = run.artifact("results")
    assert set(results) == {"results.json", "predictions_test.csv"}
    assert results["results.json"].read_bytes() == (tmp_path / "results.json").read_bytes()
    assert run.artifact("report")["report.html"].read_text() == "<!DOCTYPE html> True"
    assert sorted(run.artifacts)[-2:] == ["seed0-test-report", "seed0-test-results"]


@pytest.mark.slow
def test_a_long_table_is_cut_and_that_is_said(
    tmp_path: Path, module: VideoFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def few(folder: Path, result: Any) -> Any:
        return tracked_tables.tracked_tables(folder, result, most_rows=7)

    monkeypatch.setattr(run_tracking, "tracked_tables", few)
    run = tracked_test(tmp_path, module, monkeypatch)
    assert len(run.table("predictions")[1]) == 7
    said = " ".join(capsys.readouterr().out.split())
    assert "W&B: the table predictions shows 7 of 20 rows; all are in the artifact of results" in said
    assert "per_class" not in said


@pytest.mark.slow
def test_a_page_that_cannot_be_made_is_said_and_the_rest_is_there(
    tmp_path: Path, module: VideoFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tracked_test(
        tmp_path, module, monkeypatch, page=lambda folder, path: "no package (pip install 'zsar[report]')"
    )
    assert "report" not in {kind for kind, _ in run.artifacts.values()}
    assert run.artifact("results")
    said = " ".join(capsys.readouterr().err.split())
    assert "W&B: without the report page: no package (pip install 'zsar[report]')" in said


def test_other_processes_and_other_loggers_hand_over_nothing(
    tmp_path: Path, module: VideoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked = Mock()
    for name in ("tracked_config", "tracked_tables", "_log_artifacts"):
        monkeypatch.setattr(run_tracking, name, tracked)
    tracking = RunTracking(experiment=[], settings={})
    model = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[tracking], **quiet).test(  # type: ignore[arg-type]
        model, datamodule=module, verbose=False
    )
    second = Trainer(accelerator="cpu", logger=WandbLogger(save_dir=tmp_path, mode="offline"))
    monkeypatch.setattr(Trainer, "is_global_zero", False)
    tracking.on_test_start(second, model)
    tracking.teardown(second, model, "test")
    assert tracked.call_args_list == []
