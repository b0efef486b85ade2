from pathlib import Path

import pytest
import yaml

from lightning_modules.cli import main


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
