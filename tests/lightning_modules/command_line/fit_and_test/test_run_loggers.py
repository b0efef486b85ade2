from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
import wandb
from lightning.pytorch.loggers import CSVLogger, WandbLogger

from tests.makers.results.wandb_files import tracked_runs
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test import run_loggers
from zsar.lightning_modules.command_line.fit_and_test.run_loggers import run_name, tracked_until_end

TINY = ("--trainer.max_epochs", "1")


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def _without_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_DATA_DIR", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    wandb.finish()  # of another test; a process has one run of W&B at a time


# --- Weights & Biases: what an offline run holds ----------------------------------------------------------------------


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders whose report page was asked for; `zsar report` has its own tests."""
    asked: list[Path] = []

    def page(folder: Path, path: Path) -> None:
        asked.append(folder)
        path.write_text("<!DOCTYPE html>")

    monkeypatch.setattr("zsar.lightning_modules.command_line.fit_and_test.tracked_page.write_tracked_page", page)
    return asked


@pytest.mark.slow
def test_fit_and_test_are_runs_of_one_group_and_all_their_files_lie_in_the_run_folder(
    tmp_path: Path, experiment: Path, pages: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    monkeypatch.chdir(tmp_path)
    assert run("fit", "--config", experiment, *TINY, "--wandb", "offline", "--wandb_checkpoints") == 0
    pictures = ("--config", "visualization/frame_prompt_scores")
    assert run("test", "--config", experiment, *pictures, "--data.test", tmp_path / "videos", "--wandb=offline") == 0
    assert wandb.run is None  # the next command begins one of its own
    assert "WANDB_DATA_DIR" not in os.environ
    assert os.environ.get("WANDB_MODE") is None  # the next command may be online
    fit, test = tracked_runs(folder)
    assert [each.job_type for each in (fit, test)] == ["fit", "test"]
    assert {each.group for each in (fit, test)} == {"experiment"}
    assert {each.project for each in (fit, test)} == {"zsar"}
    assert fit.name.endswith("/run fit") or fit.name == "run fit"
    assert fit.tags == test.tags == ["T2L", "video_folder", "all_classes", "tiny-clip"]
    assert (fit.exit_code, test.exit_code) == (0, 0)

    assert fit.config["record"]["trainer"]["max_epochs"] == 1
    assert fit.config["settings"]["seed_everything"] == fit.config["record"]["seed"] == 3
    assert fit.config["optimization"]["learning_rate"] == 1e-3
    assert {"train/loss", "val/top1", "cost/epoch_seconds", "cost/peak_host_mb"} <= set(fit.summary)
    checkpoints = fit.artifact("checkpoints")
    for name in ("best.ckpt", "last.ckpt"):
        assert checkpoints[name].read_bytes() == (folder / "checkpoints" / name).read_bytes()

    results = json.loads((folder / "results.json").read_text())
    (text,) = results["class_text"].values()
    (of_run,) = test.config["record"]["class_text"].values()
    assert of_run["hash"] == text["hash"]
    assert test.config["data"]["split_hash"] == results["data"]["split_hash"]
    assert test.config["record"] == results["test"]
    assert test.config["tracked_model"]["checkpoint_weights_hash"] == results["model"]["checkpoint_weights_hash"]
    assert len(test.table("predictions")[1]) == 20
    assert set(test.artifact("results")) == {"results.json", "predictions_test.csv"}
    assert len(test.artifact("pictures")) == 8
    assert len([name for name in test.files if name.endswith(".png")]) == 8  # each picture once
    assert (pages, list(test.artifact("report"))) == ([folder], ["report.html"])

    for each in (fit, test):  # `wandb sync` finds everything there
        waiting = [path for _, files in each.artifacts.values() for path in files.values()]
        waiting += [each.folder / "files" / name for name in each.files]
        assert all(path.is_file() and path.is_relative_to((folder / "wandb").resolve()) for path in waiting)


@pytest.mark.slow
def test_a_localizer_hands_over_its_detections(tmp_path: Path, pages: list[Path]) -> None:
    data = {"data.n_videos": 1, "data.data_root": str(tmp_path)}
    (tmp_path / "changes.yaml").write_text(json.dumps({"model.backbone.weights": "random", **data}))
    configs = ("--config", "experiment/untrimmed_shapes_frame_wise", "--config", tmp_path / "changes.yaml")
    named = ("--wandb_group", "<mine>", "--run_dir", tmp_path / "run")
    assert run("test", *configs, *named, "--trainer.accelerator", "cpu", "--wandb", "offline") == 0
    (tracked,) = tracked_runs(tmp_path / "run")
    assert (tracked.group, tracked.job_type) == ("<mine>", "test")
    assert tracked.tags == ["FrameWiseCLIP", "untrimmed_shapes", "50_50", "tiny-coca"]
    assert set(tracked.artifact("results")) == {"results.json", "detections.json"}
    columns, rows = tracked.table("per_set")
    assert (columns[:2], len(rows)) == (["set", "map_0.3"], 10)
    assert tracked.config["experiment"] == ["untrimmed_shapes_frame_wise", "changes"]


def test_a_run_that_fails_is_a_failed_run(tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a video is gone")

    monkeypatch.setattr("zsar.lightning_modules.t2l.t2l.T2L.training_step", broken)
    assert run("fit", "--config", experiment, *TINY, "--wandb", "offline") != 0
    (tracked,) = tracked_runs(tmp_path / "run")
    assert tracked.exit_code == 1
    assert wandb.run is None


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("fit", ["--wandb_group", "g"], "--wandb_group has no effect without tracking: add --wandb offline or online"),
        ("fit", ["--wandb_checkpoints"], "--wandb_checkpoints has no effect without tracking"),
        ("test", ["--wandb_checkpoints", "--wandb", "offline"], "--wandb_checkpoints goes with fit"),
        (
            "fit",
            ["--trainer.logger=false", "--wandb=offline"],
            "--wandb offline has no effect with --trainer.logger false",
        ),
    ],
)
def test_no_option_of_wandb_is_without_effect(
    command: str, options: list[str], said: str, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, "--config", experiment, *options) != 0
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_files_of_an_offline_run_go_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DATA_DIR", "/somewhere")
    with tracked_until_end(tmp_path, offline=True):
        assert os.environ["WANDB_DATA_DIR"] == "/somewhere"
    assert os.environ["WANDB_DATA_DIR"] == "/somewhere"
    monkeypatch.delenv("WANDB_DATA_DIR")
    with tracked_until_end(tmp_path, offline=True):
        assert os.environ["WANDB_DATA_DIR"] == str(tmp_path / "wandb")
    assert "WANDB_DATA_DIR" not in os.environ
    with tracked_until_end(tmp_path, offline=False):
        assert "WANDB_DATA_DIR" not in os.environ


@pytest.mark.parametrize(
    ("folder", "name"),
    [("runs/t2l", "t2l"), ("runs/ablation/t2l/seed0", "t2l/seed0"), ("../x", "x"), ("runs", "runs"), (".", "here")],
)
def test_a_run_is_named_by_its_folder(folder: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run_name(Path(folder), "fit") == f"{name} fit"


# --- TensorBoard and CSV ----------------------------------------------------------------------------------------------


def scalars(folder: Path) -> dict[str, list[float]]:
    """What TensorBoard reads."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [event.value for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_loggers_are_appended_by_fragments_and_log_the_same(tmp_path: Path, experiment: Path) -> None:
    files = ("--config", experiment, "--config", "logger/tensorboard", "--config", "logger/csv")
    assert run("fit", *files, "--trainer.max_epochs", 2) == 0
    assert run("test", *files, "--data.test", tmp_path / "videos", "--ckpt_path", "best") == 0
    folder = tmp_path / "run"
    assert {path.name for path in (folder / "csv").iterdir()} == {"fit", "test"}
    assert {path.name for path in (folder / "tensorboard").iterdir()} == {"fit", "test"}
    with (folder / "csv" / "fit" / "metrics.csv").open() as file:
        losses = [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]
    read = scalars(folder / "tensorboard" / "fit")
    assert read["train/loss"] == pytest.approx(losses)
    assert len(losses) == 2
    assert "test/top1" in scalars(folder / "tensorboard" / "test")
    hparams = (folder / "tensorboard" / "fit" / "hparams.yaml").read_text()
    assert "diversity_weight" in hparams
    assert run("fit", *files, "--trainer.max_epochs", 1, "--overwrite") == 0  # which replaces the logs
    assert {path.name for path in (folder / "tensorboard").iterdir()} == {"fit"}
    assert {path.name for path in (folder / "csv").iterdir()} == {"fit"}
    assert len(scalars(folder / "tensorboard" / "fit")["train/loss"]) == 1


def test_a_logger_of_the_user_stays_where_it_is(tmp_path: Path, experiment: Path) -> None:
    mine = {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": str(tmp_path / "mine")}}
    (tmp_path / "logger.yaml").write_text(json.dumps({"trainer": {"logger+": [mine]}}))
    assert run("fit", "--config", experiment, "--config", tmp_path / "logger.yaml", *TINY) == 0
    assert (tmp_path / "mine" / "lightning_logs" / "version_0" / "metrics.csv").is_file()
    assert not (tmp_path / "run" / "csv").exists()


def test_each_run_of_a_wandb_logger_of_the_user_has_an_id_of_its_own(tmp_path: Path, experiment: Path) -> None:
    """`version` of a WandbLogger is an id in the project; "fit" would continue the first run with every later one."""
    settings: dict[str, Any] = {"init_args": {"save_dir": "RUN_DIR"}, "dict_kwargs": {"mode": "offline"}}
    mine = {"class_path": "lightning.pytorch.loggers.WandbLogger", **settings}
    (tmp_path / "logger.yaml").write_text(json.dumps({"trainer": {"logger+": [mine]}}))
    for _ in range(2):
        assert run("fit", "--config", experiment, "--config", tmp_path / "logger.yaml", *TINY, "--overwrite") == 0
    ids = [folder.name.rpartition("-")[2] for folder in (tmp_path / "run" / "wandb").glob("offline-run-*")]
    assert len(ids) == len(set(ids)) == 2
    assert "fit" not in ids


def test_tensorboard_that_is_not_installed_is_said(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_loggers, "_has_tensorboard", lambda: False)
    assert run("fit", "--config", experiment, "--config", "logger/tensorboard", *TINY) != 0
    said = " ".join(capsys.readouterr().err.split())
    assert "trainer.logger has a TensorBoardLogger, but its package is not installed: pip install 'zsar[" in said


def test_hyperparameters_of_any_type_are_logged(tmp_path: Path) -> None:
    """What a data module or a model may hold; none of the loggers may end a run over it."""
    from lightning.pytorch.loggers import TensorBoardLogger

    odd: dict[str, Any] = {
        "path": tmp_path,
        "set": {1},
        "class": Path,
        "call": len,
        "none": None,
        "nested": {"a": (1,)},
    }
    for logger in (TensorBoardLogger(tmp_path, name="tb"), CSVLogger(tmp_path, name="csv")):
        logger.log_hyperparams(odd)
        logger.save()
        assert "nested" in (Path(str(logger.log_dir)) / "hparams.yaml").read_text()
    tracked = WandbLogger(save_dir=tmp_path, mode="offline")
    tracked.log_hyperparams(odd)
    wandb.finish()
    (of_run,) = tracked_runs(tmp_path)
    assert of_run.config["nested"] == {"a": [1]}
    assert set(odd) <= set(of_run.config)
