import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lightning_modules.cli import main

ADAPTATION = Path(__file__).parents[2] / "configs" / "adaptation"


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def test_wandb_runs_offline_without_an_account(
    tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    assert run("fit", "--config", experiment, "--wandb", "offline", "--trainer.max_epochs", 1) == 0
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*"))
    assert (tmp_path / "run" / "csv" / "fit" / "metrics.csv").is_file()


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


def test_a_second_run_replaces_the_best_checkpoint(tmp_path: Path, experiment: Path) -> None:
    for _ in range(2):
        assert run("fit", "--config", experiment, "--trainer.max_epochs", 1) == 0
    names = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert names == ["best.ckpt", "last.ckpt"]


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
    assert config["data"]["init_args"]["clips"]["views"]["class_path"] == "datamodules.views.MultiRateViews"
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
    assert run("test", *files, *options, "--data.split.held_out_fraction", 0, "--data.test", tmp_path / "videos") == 0
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (result["adaptation"]["method"], result["adaptation"]["schedule"]) == ("TPT", ["all", "right-3"])
    assert result["data"]["views"]["init_args"]["n_views"] == 4
    assert run("summarize", tmp_path / "run", "--output", tmp_path / "s.json") == 0
    row = json.loads((tmp_path / "s.json").read_text())["run"]
    assert row["tuning"]["test"]["tuned_top1"] == pytest.approx(row["test"], abs=0.01)
    assert row["settings"]["adaptation.views.n_views"] == "4"
    assert "flips" in capsys.readouterr().out
