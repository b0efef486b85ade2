"""`last.ckpt` is the last and `best.ckpt` the best, and a run goes on from either as if it had never stopped.

Experiments have 12 training videos in batches of 4: three steps an epoch.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from zsar.lightning_modules.command_line.cli import main

Fit = Callable[..., int]


def callback(name: str, **arguments: object) -> tuple[str, str]:
    return "--trainer.callbacks", json.dumps(
        [{"class_path": f"tests.makers.command_line.killing.{name}", "init_args": arguments}]
    )


@pytest.fixture
def fit(experiment: Path, tmp_path: Path) -> Fit:
    def run(name: str, *options: object) -> int:
        return main(["fit", "--config", str(experiment), "--run_dir", str(tmp_path / name), *map(str, options)])

    return run


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has the validations of a run come to given scores, one after the other, the last one for ever."""

    def give(*values: float) -> None:
        left = list(values)

        def log(self: LightningModule, stage: str) -> None:
            if not self.trainer.sanity_checking:
                self.log("val/top1", left.pop(0) if len(left) > 1 else left[0])

        monkeypatch.setattr("zsar.lightning_modules.recognition.recognizer.ActionRecognizer._log_evaluation", log)

    return give


def saved(folder: Path, name: str = "last") -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
    return content


def assert_same_end(first: Path, second: Path) -> None:
    """The same weights and optimizer to the bit, the same step and epoch, and the same best one."""
    one, other = saved(first), saved(second)
    assert (one["global_step"], one["epoch"]) == (other["global_step"], other["epoch"])
    assert {k: v.tolist() for k, v in one["state_dict"].items()} == {
        k: v.tolist() for k, v in other["state_dict"].items()
    }
    for name, value in one["optimizer_states"][0]["state"].items():
        assert torch.equal(value["exp_avg"], other["optimizer_states"][0]["state"][name]["exp_avg"])
    assert saved(first, "best")["global_step"] == saved(second, "best")["global_step"]


# --- which checkpoint is which ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "best"), [((50.0,), 3), ((50.0, 70.0, 60.0), 6), ((10.0, 20.0, 30.0, 40.0), 12), ((9.0, 5.0, 1.0), 3)]
)
def test_after_every_epoch_the_last_is_its_and_the_best_is_the_best(
    fit: Fit, tmp_path: Path, scores: Callable[..., None], values: tuple[float, ...], best: int
) -> None:
    scores(*values)
    steps: list[int] = []

    class Read(Callback):
        def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            if trainer.current_epoch:
                steps.append(saved(tmp_path / "run")["global_step"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zsar.lightning_modules.command_line.fit_and_test.lightning_cli.DeadProcesses", lambda _: Read())
        assert fit("run", "--trainer.max_epochs", 4) == 0
    assert steps == [3, 6, 9]
    assert (saved(tmp_path / "run")["global_step"], saved(tmp_path / "run")["epoch"]) == (12, 3)
    assert saved(tmp_path / "run", "best")["global_step"] == best
    assert sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]


ENDS = {
    "val_check_interval": (["--trainer.val_check_interval", 1, "--trainer.max_epochs", 2], 6),
    "max_steps": (["--trainer.max_steps", 5], 5),
    "max_steps at the end of an epoch": (["--trainer.max_steps", 3], 3),
    "max_time": (["--trainer.max_time", '{"milliseconds": 300}', "--trainer.max_epochs", 999], None),
    "check_val_every_n_epoch": (["--trainer.check_val_every_n_epoch", 2, "--trainer.max_epochs", 3], 9),
    "every_n_train_steps": (["--checkpoint.every_n_train_steps", 2, "--trainer.max_epochs", 1], 3),
    "no monitor": (["--checkpoint.monitor", "null", "--checkpoint.filename", "last", "--trainer.max_epochs", 2], 6),
}


@pytest.mark.parametrize("name", ENDS)
def test_however_training_ends_the_last_is_its_end(
    name: str, fit: Fit, tmp_path: Path, scores: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores(50.0)
    ends: list[int] = []

    class Note(Callback):
        def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            ends.append(trainer.global_step)

    monkeypatch.setattr(
        "zsar.lightning_modules.command_line.fit_and_test.lightning_cli.DeadProcesses", lambda _: Note()
    )
    options, step = ENDS[name]
    assert fit("run", *options) == 0
    assert step in (None, ends[0])
    assert saved(tmp_path / "run")["global_step"] == ends[0]


def test_a_training_metric_may_choose_the_best(fit: Fit, tmp_path: Path) -> None:
    assert fit("run", "--checkpoint.monitor", "train/loss", "--checkpoint.mode", "min") == 0
    assert saved(tmp_path / "run")["global_step"] == 6
    assert saved(tmp_path / "run", "best")["global_step"] in (3, 6)


def test_the_last_can_be_left_out(fit: Fit, tmp_path: Path) -> None:
    assert fit("run", "--checkpoint.save_last", "false", "--trainer.max_epochs", 1) == 0
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["best.ckpt"]


@pytest.mark.parametrize(("option", "value"), [("save_last", "link"), ("save_on_exception", "true")])
def test_what_leaves_less_than_a_whole_file_is_refused(
    option: str, value: str, fit: Fit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("run", f"--checkpoint.{option}", value) == 1
    assert f"zsar fit: error: checkpoint.{option} is {value}, but" in capsys.readouterr().err


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("interval", [1.0, 2])
def test_a_validation_that_fails_loses_nothing_and_is_made_up_for(
    interval: float, fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alike = ("--trainer.max_epochs", 3, "--trainer.val_check_interval", interval)
    step = 6 if interval == 1.0 else 5
    assert fit("cut", *alike, *callback("FailInValidation", step=step)) == 1
    assert "validation failed" in capsys.readouterr().err
    last = tmp_path / "cut" / "checkpoints" / "last.ckpt"
    assert saved(tmp_path / "cut")["global_step"] == step
    validated: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "zsar.callbacks.stop_signals.StopSignals.on_validation_start",
            lambda self, trainer, model: trainer.sanity_checking or validated.append(trainer.global_step),
        )
        assert fit("cut", *alike, "--ckpt_path", last) == 0
    assert validated == ([6, 9] if interval == 1.0 else [5, 8])
    assert fit("whole", *alike) == 0
    assert_same_end(tmp_path / "cut", tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize(("first", "limit"), [(2, "max_steps"), (3, "max_steps"), (5, "max_epochs"), (6, "max_epochs")])
def test_a_run_that_max_steps_ended_goes_on_as_if_it_had_not(first: int, limit: str, fit: Fit, tmp_path: Path) -> None:
    further = (
        ("--trainer.max_steps", 9, "--trainer.max_epochs", -1) if limit == "max_steps" else ("--trainer.max_epochs", 3)
    )
    schedule = ("--model.optimization.warmup_fraction", 0, "--model.optimization.final_fraction", 1)  # knows no length
    assert fit("cut", "--trainer.max_steps", first, *schedule) == 0
    assert fit("cut", *further, *schedule, "--ckpt_path", tmp_path / "cut" / "checkpoints" / "last.ckpt") == 0
    assert fit("whole", *further, *schedule) == 0
    assert_same_end(tmp_path / "cut", tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["max_steps", "max_epochs"])
def test_the_best_checkpoint_of_a_run_can_be_gone_on_from(
    limit: str, fit: Fit, tmp_path: Path, scores: Callable[..., None]
) -> None:
    scores(50.0)
    alike = (
        ("--trainer.max_steps", 9, "--trainer.max_epochs", -1) if limit == "max_steps" else ("--trainer.max_epochs", 3)
    )
    assert fit("whole", *alike) == 0
    assert saved(tmp_path / "whole", "best")["global_step"] == 3
    assert fit("again", *alike, "--ckpt_path", tmp_path / "whole" / "checkpoints" / "best.ckpt") == 0
    assert saved(tmp_path / "again")["global_step"] == 9
    first, second = saved(tmp_path / "again")["state_dict"], saved(tmp_path / "whole")["state_dict"]
    assert all(torch.equal(first[name], second[name]) for name in second)


def test_the_best_score_is_known_in_a_folder_that_was_moved(
    fit: Fit, tmp_path: Path, scores: Callable[..., None]
) -> None:
    scores(80.0, 20.0)
    assert fit("old", "--trainer.max_epochs", 2) == 0
    (tmp_path / "old").rename(tmp_path / "new")
    assert fit("new", "--trainer.max_epochs", 3, "--ckpt_path", tmp_path / "new" / "checkpoints" / "last.ckpt") == 0
    assert saved(tmp_path / "new")["global_step"] == 9
    assert saved(tmp_path / "new", "best")["global_step"] == 3
