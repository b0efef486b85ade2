import csv
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
import wandb
import yaml
from lightning.pytorch import Trainer

from tests.makers.command_line.runs_on_disk import files_under
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.dry_runs import DRY_RUN_PREFIX
from zsar.lightning_modules.run_folders.requested_checkpoint import read_summary
from zsar.lightning_modules.run_folders.run_folder import RESULT_FILES

ROOT = Path(__file__).parents[4]
ADAPTATION = ROOT / "configs" / "adaptation"


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def test_wandb_runs_offline_without_an_account(
    tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    warned: list[str] = []
    monkeypatch.setattr(wandb, "termwarn", lambda text, **_: warned.append(text))
    wandb.finish()  # of another test; a process has one run of W&B at a time
    assert run("fit", "--config", experiment, "--wandb", "offline", "--trainer.max_epochs", 1) == 0
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*"))
    assert (tmp_path / "run" / "csv" / "fit" / "metrics.csv").is_file()
    wandb.finish()
    assert warned == []  # of settings that the user did not give


def test_nothing_of_the_progress_bar_is_printed_below_the_results(
    tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the output for a terminal
    shown = ("--trainer.enable_progress_bar", "true")
    assert run("fit", "--config", experiment, "--trainer.max_epochs", 1, *shown) == 0
    bars = {"validate": "Validation", "test": "Testing", "predict": "Predicting"}
    for command, bar in bars.items():
        data = ("--data.predict" if command == "predict" else "--data.test", tmp_path / "videos")
        capsys.readouterr()
        assert run(command, "--config", experiment, *data, "--ckpt_path", "best", *shown) == 0
        work, results = re.split("┏|wrote ", capsys.readouterr().out, maxsplit=1)
        assert bar in work
        assert bar not in results


def composed(tmp_path: Path, experiment: Path) -> Path:
    """The experiment as fragments and differences."""
    content = yaml.safe_load(experiment.read_text())
    for part in ("model", "data", "trainer"):
        (tmp_path / f"{part}.yaml").write_text(yaml.safe_dump(content[part]))
    fragments = {"model": "model.yaml", "data": "data.yaml", "trainer": "trainer.yaml"}
    differences = {"model.drop_rate": 0.1, "data.split.seed": 0, "run_dir": str(tmp_path / "run")}
    path = tmp_path / "composed.yaml"
    path.write_text(yaml.safe_dump({**fragments, **differences}, sort_keys=False))
    return path


def test_no_file_of_a_run_names_what_the_parser_made_for_itself(
    tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    path = composed(tmp_path, experiment)
    (tmp_path / "later.yaml").write_text("model.diversity_weight: 0.0\n")
    files = ("--config", path, f"--config={tmp_path / 'later.yaml'}")
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    wandb.finish()  # of another test; a process has one run of W&B at a time
    assert run("fit", *files, "--trainer.max_epochs", 1, "--wandb", "offline") == 0
    for command in ("validate", "test", "predict"):
        data = ("--data.predict" if command == "predict" else "--data.test", tmp_path / "videos")
        assert run(command, *files, *data, "--ckpt_path", best, "--wandb", "offline") == 0
    wandb.finish()
    made = (f"{tempfile.gettempdir()}/zsar-".encode(), b"_instantiator", b"_class_path")
    written = [each for each in (tmp_path / "run").rglob("*") if each.is_file() and not each.is_symlink()]
    assert {".wandb", ".ckpt", ".json", ".csv", ".yaml", ".log"} <= {each.suffix for each in written}
    found = {each.name: text for each in written for text in made if text in each.read_bytes()}
    assert found == {}
    config = json.loads((tmp_path / "run" / "results.json").read_text())["config"]["config"]
    assert config == [str(path), str(tmp_path / "later.yaml")]


@pytest.mark.parametrize("steps", [1, 1000])
def test_each_epoch_is_a_point_of_every_curve_however_seldom_steps_are_logged(
    tmp_path: Path, experiment: Path, steps: int
) -> None:
    fit = ("fit", "--config", experiment, "--trainer.log_every_n_steps", steps)
    assert run(*fit, "--trainer.max_epochs", 2) == 0
    last = tmp_path / "run" / "checkpoints" / "best.ckpt"
    assert run(*fit, "--trainer.max_epochs", 3, "--ckpt_path", last) == 0
    begun = torch.load(last, weights_only=True)["epoch"] + 1
    for name, epochs in (("fit", ["0", "1"]), ("fit_2", [str(epoch) for epoch in range(begun, 3)])):
        with (tmp_path / "run" / "csv" / name / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for curve in ("train/loss", "train/top1", "val/top1"):
            assert [row["epoch"] for row in rows if row[curve]] == epochs, curve
        rate = next(column for column in rows[0] if column.startswith("lr-"))
        assert sum(bool(row[rate]) for row in rows) >= len(epochs)
        assert ("train/loss_step" in rows[0]) == (steps == 1)


def test_no_held_out_clips_and_a_best_checkpoint_are_refused(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", "--config", experiment, "--data.split.held_out_fraction", 0) == 1
    assert "no clips are held out to choose the best checkpoint by (val/top1)" in capsys.readouterr().err


def test_a_log_of_one_s_own_is_kept_beside_the_csv(tmp_path: Path, experiment: Path) -> None:
    own = '{"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": "%s", "name": "own"}}'
    assert run("fit", "--config", experiment, "--trainer.max_epochs", 1, "--trainer.logger", own % tmp_path) == 0
    assert list((tmp_path / "own").rglob("metrics.csv"))


def test_logging_can_be_turned_off(tmp_path: Path, experiment: Path) -> None:
    assert run("fit", "--config", experiment, "--trainer.max_epochs", 1, "--trainer.logger", "false") == 0
    assert (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()
    assert not (tmp_path / "run" / "csv").exists()


def test_a_second_run_is_refused_before_anything_is_built_unless_it_shall_replace_the_first(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--config", experiment, "--trainer.max_epochs", 1)
    assert run("fit", *options) == 0
    (tmp_path / "run" / "notes.txt").touch()
    before = files_under(tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr("zsar.lightning_modules.t2l.t2l.T2L.__init__", lambda *_, **__: pytest.fail("a model was built"))
        assert run("fit", *options) == 1
    assert "run holds a run already (best.ckpt, last.ckpt); give another --run_dir" in capsys.readouterr().err
    assert files_under(tmp_path / "run") == before
    assert run("fit", *options, "--overwrite", "--model.optimization.learning_rate", 0.5) == 0
    after = files_under(tmp_path / "run")
    assert list(after) == list(before)
    assert after["checkpoints/best.ckpt"] != before["checkpoints/best.ckpt"]


def test_without_a_run_dir_a_run_is_called_as_its_experiment(
    tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(experiment.read_text())
    del content["run_dir"]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "shorter.yaml").write_text("trainer.max_epochs: 1\n")
    monkeypatch.chdir(tmp_path)
    config = printed_config(capsys, "--config", tmp_path / "mine.yaml", "--config", tmp_path / "shorter.yaml")
    assert config["run_dir"] == "runs/mine"


def test_each_stage_has_its_results_of_one_checkpoint_and_no_other_is_mixed_in(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tmp_path / "videos", tmp_path / "tested")
    options = ("--config", experiment, "--data.test", tmp_path / "tested", "--data.predict", tmp_path / "videos")
    assert run("fit", *options, "--trainer.max_epochs", 1) == 0
    capsys.readouterr()
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    for command, name in RESULT_FILES.items():
        assert run(command, *options) == 0
        said = capsys.readouterr().out
        printed = "".join(said.split())
        assert said.count("┏") == 1  # one table: Lightning's of the same figures is not shown beside ours
        assert printed.count(f"weights:{best}") == 2  # as a line, and in the table, where it is broken
        content = json.loads((tmp_path / "run" / name).read_text())
        assert (content["stage"], content["model"]["checkpoint"]) == (command, str(best))
        assert content["model"]["checkpoint_weights_hash"] == read_summary(best).weights_hash
        assert content["config"]["ckpt_path"] == str(best)
    counts = {"n_listed": 20, "n_evaluated": 20, "n_failed": 0}
    assert content["sets"] == {"predict": counts}
    sets = {"predictions.csv", "predictions_test.csv", "predictions_val.csv"}
    assert {path.name for path in (tmp_path / "run").glob("predictions*.csv")} == sets
    before = files_under(tmp_path / "run")
    for limited in ("limit_test_batches", "fast_dev_run"):
        assert run("test", *options, f"--trainer.{limited}", 1) == 0
    assert run("fit", *options, "--trainer.overfit_batches", 1) == 0
    said = capsys.readouterr().out
    assert "wrote" not in said  # of files that are removed
    assert DRY_RUN_PREFIX not in said
    assert run("test", *options, "--ckpt_path", "none") == 1
    assert run("test", *options, "--data.text.templates", "{}") == 1
    assert "results.json is of other settings (data.text.templates was" in capsys.readouterr().err
    assert run("fit", *options, "--trainer.max_epochs", 1, "--ckpt_path", "last") == 0
    assert "nothing is left to train" in capsys.readouterr().out
    assert files_under(tmp_path / "run") == before


@pytest.mark.parametrize("setting", [("overfit_batches", 1), ("enable_checkpointing", "false"), ("fast_dev_run", 1)])
def test_training_works_with_what_turns_off_a_part_of_it(
    tmp_path: Path, experiment: Path, setting: tuple[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("fit", "--config", experiment, f"--trainer.{setting[0]}", setting[1]) == 0
    kept = bool(checkpoints_in(tmp_path / "run" / "checkpoints"))
    assert kept == (setting[0] == "overfit_batches")
    reasons = {"enable_checkpointing": "--trainer.enable_checkpointing is false", "fast_dev_run": "this was a dry run"}
    kept_none = [line for line in capsys.readouterr().out.splitlines() if line.startswith("no checkpoint was kept: ")]
    assert kept_none == ([] if kept else [f"no checkpoint was kept: {reasons[setting[0]]}"])


def test_untrained_weights_are_tested_only_if_meant_and_the_result_says_so(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("test", "--config", experiment, "--data.test", tmp_path / "videos")
    assert run(*options) == 1
    assert "T2L is trained, but" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert run(*options, "--ckpt_path", "none") == 0
    assert json.loads((tmp_path / "run" / "results.json").read_text())["model"]["checkpoint"] == "untrained weights"
    assert capsys.readouterr().out.count("weights: untrained weights") == 2


@pytest.mark.slow
def test_of_two_runs_that_start_at_once_in_one_folder_one_is_refused(tmp_path: Path, experiment: Path) -> None:
    command = [sys.executable, "-m", "zsar", "fit", "--config", str(experiment)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    options: dict[str, Any] = {"env": environment, "cwd": ROOT, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([*command, "--trainer.max_epochs", "20"], **options) for _ in range(2)]
    errors = [process.communicate(timeout=300)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    (refused,) = (error for process, error in zip(both, errors, strict=True) if process.returncode)
    assert "another run is writing into" in refused or "holds a run already" in refused
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").is_file()


def test_the_log_of_an_earlier_run_is_kept(tmp_path: Path, experiment: Path) -> None:
    logs = tmp_path / "run" / "csv"
    assert run("fit", "--config", experiment, "--trainer.max_epochs", 1) == 0
    first = (logs / "fit" / "metrics.csv").read_text()
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    assert run("fit", "--config", experiment, "--trainer.max_epochs", 2, "--ckpt_path", last) == 0
    assert (logs / "fit" / "metrics.csv").read_text() == first
    assert (logs / "fit_2" / "metrics.csv").is_file()


def test_fragments_and_stated_differences_are_put_together(tmp_path: Path, experiment: Path) -> None:
    content = yaml.safe_load(experiment.read_text())
    for part in ("model", "data", "trainer"):
        (tmp_path / f"{part}.yaml").write_text(yaml.safe_dump(content[part]))
    composed = {"model": "model.yaml", "data": "data.yaml", "trainer": "trainer.yaml", "trainer.max_epochs": 1}
    path = tmp_path / "composed.yaml"
    path.write_text(yaml.safe_dump({"run_dir": str(tmp_path / "run"), **composed}, sort_keys=False))
    assert run("fit", "--config", path, "--model.optimization.learning_rate", 0.5) == 0
    written = yaml.safe_load((tmp_path / "run" / "csv" / "fit" / "config.yaml").read_text())
    assert written["trainer"]["max_epochs"] == 1
    assert written["model"]["init_args"]["optimization"]["learning_rate"] == 0.5
    assert written["model"]["init_args"]["optimization"]["weight_decay"] == 0.2


def printed_config(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """What `zsar test` would run with."""
    with pytest.raises(SystemExit) as stopped:
        run("test", *arguments, "--print_config")
    assert stopped.value.code == 0
    return dict(yaml.safe_load(capsys.readouterr().out))


@pytest.mark.parametrize(
    "option",
    [
        ["--adaptation.learning_rate", "0.25"],
        ["--adaptation.learning_rate=0.25"],
        ["--adaptation.init_args.learning_rate", "0.25"],
    ],
)
def test_an_appended_adaptation_is_changed_on_the_command_line(
    experiment: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    config = printed_config(capsys, "--config", experiment, "--config", ADAPTATION / "zar.yaml", *option)
    assert config["adaptation"]["init_args"]["learning_rate"] == 0.25
    assert config["adaptation"]["init_args"]["confident_share"] == 0.8
    assert config["data"]["init_args"]["clips"]["views"]["class_path"] == "zsar.datamodules.views.MultiRateViews"
    assert config["data"]["init_args"]["clips"]["n_frames"] == 4


def test_an_adaptation_of_the_experiment_is_changed_by_it_by_a_later_file_and_by_options(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(experiment.read_text())
    own = {"adaptation": str(ADAPTATION / "dts_tpt.yaml"), "adaptation.schedule": ["all", "right-3"]}
    experiment.write_text(yaml.safe_dump({**content, **own, "data.clips.views.init_args.n_views": 4}))
    (tmp_path / "later.yaml").write_text("adaptation.consistency: switch\n")
    options = ["--adaptation.phrase", "null", "--adaptation.n_random_tokens", "2", "--data.clips.views.severity", "3"]
    config = printed_config(capsys, "--config", experiment, "--config", tmp_path / "later.yaml", *options)
    tuning = config["adaptation"]["init_args"]
    assert (tuning["method"], tuning["schedule"], tuning["consistency"]) == ("DTS-TPT", ["all", "right-3"], "switch")
    assert (tuning["phrase"], tuning["n_random_tokens"]) == (None, 2)
    views = config["data"]["init_args"]["clips"]["views"]["init_args"]
    assert (views["n_views"], views["severity"]) == (4, 3)


def test_the_adaptation_of_an_experiment_can_be_taken_off(experiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = yaml.safe_load(experiment.read_text())
    experiment.write_text(yaml.safe_dump({**content, "adaptation": str(ADAPTATION / "zar.yaml")}))
    options = ["--adaptation", "null", "--data.clips.views", "null"]
    config = printed_config(capsys, "--config", experiment, *options)
    assert (config["adaptation"], config["data"]["init_args"]["clips"]["views"]) == (None, None)


def test_a_test_is_adapted_and_summarized(tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--adaptation.schedule", "[all, right-3]", "--data.clips.views.n_views", "4"]
    files = ["--config", experiment, "--adaptation", ADAPTATION / "tpt_video.yaml"]
    untrained = ("--ckpt_path", "none", "--data.split.held_out_fraction", 0, "--data.test", tmp_path / "videos")
    assert run("test", *files, *options, *untrained) == 0
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (result["adaptation"]["method"], result["adaptation"]["schedule"]) == ("TPT", ["all", "right-3"])
    assert result["data"]["views"]["init_args"]["n_views"] == 4
    assert run("summarize", tmp_path / "run", "--output", tmp_path / "s.json") == 0
    row = json.loads((tmp_path / "s.json").read_text())["run"]
    assert row["tuning"]["test"]["tuned_top1"] == pytest.approx(row["test"], abs=0.01)
    assert row["settings"]["adaptation.views.n_views"] == "4"
    assert "flips" in capsys.readouterr().out


def test_fit_ends_by_saying_where_the_checkpoints_are_and_what_comes_next(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit = ("fit", "--config", experiment, "--trainer.max_epochs", 1)
    assert run(*fit, "--model.drop_rate", 0.1) == 0
    *_, best, last, following = capsys.readouterr().out.splitlines()
    folder = tmp_path / "run" / "checkpoints"
    score = torch.load(folder / "best.ckpt", weights_only=True)["callbacks"]
    (value,) = {float(state["best_model_score"]) for name, state in score.items() if "ModelCheckpoint" in name}
    assert best == f"best checkpoint: {folder / 'best.ckpt'} (val/top1 {value:.4g}, after 1 of 1 epoch)"
    assert last == f"last checkpoint: {folder / 'last.ckpt'} (after 1 of 1 epoch)"
    assert following == f"next: zsar test --config {experiment} --model.drop_rate 0.1 --run_dir {tmp_path / 'run'}"


def test_where_no_best_checkpoint_is_chosen_the_last_is_named(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--data.split.held_out_fraction", 0, "--checkpoint.monitor", "null", "--checkpoint.filename", "last")
    assert run("fit", "--config", experiment, "--trainer.max_epochs", 1, *options) == 0
    said = capsys.readouterr().out
    assert "best checkpoint" not in said
    assert "last checkpoint: " in said


def test_a_dry_run_has_no_checkpoint_to_speak_of(experiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fit", "--config", experiment, "--trainer.fast_dev_run", "true") == 0
    assert "checkpoint: " not in capsys.readouterr().out


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
@pytest.mark.parametrize("place", ["classes", "folder", "template"])
def test_a_class_that_the_text_tower_cannot_hold_is_said_before_a_video_is_opened(
    command: str,
    place: str,
    tmp_path: Path,
    experiment: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(VideoReader, "__init__", lambda *_, **__: pytest.fail("a video was opened"))
    long = f"run {'to ' * 80}"
    names = ["red dance", "green dance", "blue dance", "white dance"]
    if place == "folder":
        (tmp_path / "videos" / "red dance").rename(tmp_path / "videos" / long.strip())
    given = {"classes": ("--data.classes", json.dumps([*names, long])), "template": ("--data.text.templates", long)}
    options = ("--ckpt_path", "none", "--data.predict", tmp_path / "videos") if command != "fit" else ()
    options = (*options, *given.get(place, ()))
    if place == "template":
        options = (*options[:-1], json.dumps([long + "{}"]))
    assert run(command, "--config", experiment, *options) == 1
    said = capsys.readouterr().err
    assert all(part in said.splitlines()[-1] for part in ("tokens", "reads 16", "shorten the class name")), said


@pytest.mark.parametrize("command", ["test", "predict"])
def test_a_localizer_says_so_too(
    command: str, localizer: tuple[object, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VideoReader, "__init__", lambda *_, **__: pytest.fail("a video was opened"))
    assert run(command, *localizer, "--data.text.templates", json.dumps([f"run {'to ' * 80}{{}}"])) == 1
    said = capsys.readouterr().err
    assert all(part in said.splitlines()[-1] for part in ("tokens", "reads 16", "shorten the class name")), said


# --- localizers -------------------------------------------------------------------------------------------------------


@pytest.fixture
def localizer(tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    """Options of a localizer on the rendered benchmark, a video of each class, that takes a second."""
    monkeypatch.setenv("ZSAR_DATA", str(tmp_path / "data"))
    model = ("--model", "T3AL", "--model.backbone.architecture", "tiny-clip", "--model.backbone.weights", tiny_weights)
    settings = ("--model.suppression", "null", "--model.tuning.n_steps", 2, "--model.iou_thresholds", "[0.3, 0.5]")
    data = ("--data", "UntrimmedShapes", "--data.n_videos", 1, "--data.loading.stride.frames", 8)
    trainer = ("--trainer.accelerator", "cpu", "--trainer.devices", 1)
    return (*model, *settings, *data, *trainer, "--run_dir", tmp_path / "run")


def written_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_localizer_is_tested_by_short_names_and_leaves_results_and_detections(
    tmp_path: Path, localizer: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("test", *localizer) == 0
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (result["task"], result["complete"], result["n_adaptations"]) == ("localization", True, 8)
    assert result["model"]["class_path"] == "zsar.lightning_modules.t3al.T3AL"
    assert result["config"]["model"]["init_args"]["suppression"] is None
    files = ["csv/test/config.yaml", "csv/test/metrics.csv", "detections.json", "results.json"]
    assert written_under(tmp_path / "run") == files
    assert not (tmp_path / "run" / "checkpoints").exists()
    printed = capsys.readouterr().out
    assert "mAP in % at IoU" in printed
    assert "" not in printed.splitlines()  # a file gets no progress bar, and no empty lines in its place


def test_a_localizer_predicts_without_keeping_what_it_returns(
    tmp_path: Path, localizer: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    returned: list[object] = []
    original = Trainer.predict

    @functools.wraps(original)
    def predict(self: Trainer, *arguments: Any, **settings: Any) -> Any:
        returned.append(original(self, *arguments, **settings))
        return returned[-1]

    monkeypatch.setattr(Trainer, "predict", predict)
    assert run("predict", *localizer, "--data.split.number", "all") == 0
    assert returned == [None]
    files = ["csv/predict/config.yaml", "detections_predict.json", "results_predict.json"]
    assert written_under(tmp_path / "run") == files
    sets = json.loads((tmp_path / "run" / "detections_predict.json").read_text())["sets"]
    assert list(sets) == [f"split_{number}" for number in range(10)]
    result = json.loads((tmp_path / "run" / "results_predict.json").read_text())
    assert (result["stage"], result["complete"], list(result["sets"])) == ("predict", True, list(sets))
    assert result["n_videos"] == result["sets"]["split_0"]["n_listed"] == 16
    assert "mean" not in result


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fit",), "zsar fit: error: T3AL is a localizer, which is not trained, so that there is nothing to fit"),
        (("test", "--data", "MovingShapes"), "zsar test: error: T3AL finds actions in untrimmed videos, but MovingSh"),
        (("test", "--model", "T2L"), "zsar test: error: T2L recognizes the one action of a trimmed video, but Untri"),
        (("test", "--adaptation", ADAPTATION / "zar.yaml"), "zsar test: error: --adaptation tunes the prompts of a r"),
        (("test", "--ckpt_path", "best.ckpt"), "zsar test: error: --ckpt_path best.ckpt: T3AL is a localizer"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_built(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "zsar.lightning_modules.t3al.t3al.T3AL.__init__", lambda *_, **__: pytest.fail("a model was built")
    )
    command, *options = arguments
    chosen = ("--model", "T3AL", "--data", "UntrimmedShapes", "--run_dir", tmp_path / "run")
    assert run(command, *chosen, *options) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_neither_kind_is_refused_after_parsing(capsys: pytest.CaptureFixture[str]) -> None:
    model = "lightning.pytorch.demos.boring_classes.BoringModel"
    assert run("test", "--model", model, "--data", "UntrimmedShapes") == 1
    assert f"--model {model} is neither a recognizer (ActionRecognizer) nor a localizer" in capsys.readouterr().err


def test_help_names_both_kinds_and_the_arguments_of_a_localizer(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("--help.all",), ("--model.help", "T3AL"), ("--data.help", "THUMOS14Untrimmed")):
        with pytest.raises(SystemExit) as stopped:
            run("test", *arguments)
        assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert "model: a recognizer (ActionRecognizer) or a localizer (ActionLocalizer)" in printed
    assert "data: a data set of trimmed videos (TrimmedVideoDataModule) or one of untrimmed videos" in printed
    assert "--model.region_class {nearest,pseudo_label}" in printed
    assert "--data.split.name {50_50,75_25,all_classes}" in printed


def run_process(*arguments: object) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "zsar", *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=False, timeout=300, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_processes_localize_as_one(tmp_path: Path, localizer: tuple[object, ...]) -> None:
    alike = (*localizer, "--data.split.number", "all", "--trainer.enable_progress_bar", "false")
    assert run("test", *alike, "--run_dir", tmp_path / "one") == 0
    two = ("--run_dir", tmp_path / "two", "--trainer.devices", 2, "--trainer.strategy", "ddp")
    run_process("test", *alike, *two)
    results = [json.loads((tmp_path / name / "results.json").read_text()) for name in ("one", "two")]
    assert [result["n_processes"] for result in results] == [1, 2]
    for name in ("n_videos", "n_adaptations", "n_detections", "n_suppressed", "complete"):
        assert results[0][name] == results[1][name]
    assert results[1]["n_videos"] == 16
    for set_name, of_set in results[0]["sets"].items():
        assert results[1]["sets"][set_name] == pytest.approx(of_set)
    found = [json.loads((tmp_path / name / "detections.json").read_text())["sets"] for name in ("one", "two")]
    assert {name: list(of_set["results"]) for name, of_set in found[0].items()} == {
        name: list(of_set["results"]) for name, of_set in found[1].items()
    }


@pytest.mark.slow
def test_two_processes_leave_out_sets_of_whose_actions_neither_saw_one(
    tmp_path: Path, localizer: tuple[object, ...]
) -> None:
    limited = (
        "--data.split.number",
        "all",
        "--trainer.limit_test_batches",
        1,
        "--trainer.enable_progress_bar",
        "false",
    )
    two = ("--trainer.devices", 2, "--trainer.strategy", "ddp")
    run_process("test", *localizer, *limited, *two)
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (result["complete"], result["n_videos"]) == (False, 2)
    measured = [of_set for of_set in result["sets"].values() if "map" in of_set]
    assert 0 < len(measured) < 10
