"""The mean over epochs as a checkpoint: its weights, its record, and that a resumed run has the same.

Experiments have 12 training videos in batches of 4: three steps an epoch.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from tests.reference.weighted_mean import gaussian, weighted_mean
from zsar.callbacks.weight_mean import WeightMean
from zsar.lightning_modules.command_line.cli import main

Fit = Callable[..., int]


class KeepEpochs(Callback):
    """Keeps the trained weights before training and after each epoch, and copies of checkpoints on the way."""

    def __init__(self) -> None:
        self.states: dict[int, dict[str, Tensor]] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._keep(trainer.current_epoch, pl_module)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._keep(trainer.current_epoch + 1, pl_module)

    def _keep(self, epoch: int, model: LightningModule) -> None:
        self.states[epoch] = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


@pytest.fixture
def fit(experiment: Path, tmp_path: Path) -> Fit:
    def run(name: str, *options: object, mean: dict[str, Any] | None = None, others: tuple[Any, ...] = ()) -> int:
        own = {"class_path": "zsar.callbacks.weight_mean.WeightMean", "init_args": mean or {}}
        callbacks = json.dumps([own, *others])
        words = [
            "fit",
            "--config",
            str(experiment),
            "--run_dir",
            str(tmp_path / name),
            "--trainer.callbacks",
            callbacks,
        ]
        return main([*words, *map(str, options)])

    return run


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> KeepEpochs:
    keeper = KeepEpochs()
    place = "zsar.lightning_modules.command_line.fit_and_test.lightning_cli.DeadProcesses"
    monkeypatch.setattr(place, lambda _: keeper)
    return keeper


def saved(folder: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
    return content


def assert_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert first["zsar"]["weights_hash"] == second["zsar"]["weights_hash"]
    assert first["zsar"]["training"]["mean_of_epochs"] == second["zsar"]["training"]["mean_of_epochs"]


CASES: dict[str, tuple[dict[str, Any], list[int], list[float]]] = {
    "all": ({}, [1, 2, 3, 4], [1.0] * 4),
    "Open-VCLIP": ({"from_epoch": 2, "to_epoch": 3}, [2, 3], [1.0] * 2),
    "TACO": ({"from_epoch": 0}, [0, 1, 2, 3, 4], [1.0] * 5),
    "Open-MeDe": (
        {"weighting": "gaussian", "mu": 3, "sigma": 1.5},
        [1, 2, 3, 4],
        [gaussian(e, 3, 1.5) for e in (1, 2, 3, 4)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_checkpoint_has_the_mean_of_its_epochs_and_says_of_which(
    name: str, fit: Fit, kept: KeepEpochs, tmp_path: Path
) -> None:
    settings, epochs, weights = CASES[name]
    assert fit("run", "--trainer.max_epochs", 4, mean=settings) == 0
    mean, last = saved(tmp_path / "run", "weight_mean"), saved(tmp_path / "run", "last")
    for tensor, value in weighted_mean([kept.states[epoch] for epoch in epochs], weights).items():
        torch.testing.assert_close(mean["state_dict"][tensor].double(), value, atol=1e-6, rtol=1e-5)
        assert torch.equal(last["state_dict"][tensor], kept.states[4][tensor])  # the training itself is unchanged
    record = mean["zsar"]["training"]["mean_of_epochs"]
    assert (record["first_epoch"], record["last_epoch"]) == (epochs[0], epochs[-1])
    assert record["weighting"] == settings.get("weighting", "uniform")
    assert last["zsar"]["training"]["mean_of_epochs"] is None
    assert mean["zsar"]["weights_hash"] != last["zsar"]["weights_hash"]


def test_tests_take_it_and_say_so_and_resumed_it_is_not(
    fit: Fit, experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("run") == 0
    printed = capsys.readouterr().out
    assert "weight_mean.ckpt (epochs 1 to 2, uniform)" in printed.replace("\n", "")
    test = ["test", "--config", str(experiment), "--run_dir", str(tmp_path / "run")]
    assert main(test) == 0
    assert "the uniform mean of epochs 1 to 2" in " ".join(capsys.readouterr().out.split())
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert result["model"]["checkpoint"].endswith("weight_mean.ckpt")
    assert result["training"]["mean_of_epochs"]["last_epoch"] == 2
    assert main([*test, "--ckpt_path", "last", "--overwrite"]) == 0
    result = json.loads((tmp_path / "run" / "results.json").read_text())
    assert result["training"]["mean_of_epochs"] is None
    assert fit("run", "--ckpt_path", "weight_mean", "--trainer.max_epochs", 3) == 1
    assert "holds weights alone (a mean of epochs" in capsys.readouterr().err
    without = ["fit", *test[1:], "--ckpt_path", "last", "--trainer.max_epochs", "3"]
    assert main(without) == 1  # tests would take the mean of 1 to 2
    assert "this run has no WeightMean that would go on with it" in capsys.readouterr().err


def test_a_training_that_is_cut_short_says_that_it_has_no_mean(
    fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("run", "--trainer.max_steps", 4, mean={"from_epoch": 2}) == 0  # three are an epoch
    printed = " ".join(capsys.readouterr().out.split())
    assert "no weight_mean.ckpt, as training ended before the end of epoch 2" in printed
    assert not (tmp_path / "run" / "checkpoints" / "weight_mean.ckpt").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "step", "resumed"),
    [("SignalInStep", 3, "last"), ("FailInValidation", 6, "last"), ("SignalInStep", 7, "best")],
)
def test_a_resumed_run_has_the_mean_of_an_uninterrupted_one(
    place: str, step: int, resumed: str, fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it was stopped: as an epoch begins, in a validation, within an epoch after the best one."""
    mean = {"from_epoch": 0, "weighting": "gaussian", "mu": 2, "sigma": 1.0}
    assert fit("whole", "--trainer.max_epochs", 3, mean=mean) == 0
    stop = {"class_path": f"tests.makers.command_line.killing.{place}", "init_args": {"step": step}}
    assert fit("run", "--trainer.max_epochs", 3, mean=mean, others=(stop,)) != 0
    capsys.readouterr()
    for other in ({"from_epoch": 1}, {"from_epoch": 0}):  # the latter is uniform
        assert fit("run", "--trainer.max_epochs", 3, "--ckpt_path", resumed, mean=other) == 1
        assert "resume with the WeightMean with which the training began" in capsys.readouterr().err
    assert fit("run", "--trainer.max_epochs", 3, "--ckpt_path", resumed, mean=mean) == 0
    assert_same(saved(tmp_path / "run", "weight_mean"), saved(tmp_path / "whole", "weight_mean"))


@pytest.mark.parametrize(
    ("options", "mean", "message"),
    [
        ([], {"from_epoch": 3}, "averages from epoch 3 on, but the training has 2 (--trainer.max_epochs)"),
        (["--trainer.enable_checkpointing", "false"], {}, "--trainer.enable_checkpointing is false; leave one out"),
    ],
)
def test_a_mean_that_could_not_be_is_refused_before_training(
    options: list[str], mean: dict[str, Any], message: str, fit: Fit, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("run", *options, mean=mean) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weighting": "median"}, "weighting must be one of uniform, gaussian; got 'median'"),
        ({"from_epoch": -1}, "averages from epoch -1 to None"),
        ({"from_epoch": 5, "to_epoch": 4}, "averages from epoch 5 to 4"),
        ({"from_epoch": 0, "to_epoch": 0}, "averages from epoch 0 to 0"),  # nothing that is trained
        ({"mu": 3.0}, "mu and sigma are of weighting gaussian; this is uniform; got mu 3.0, sigma None"),
        (
            {"weighting": "gaussian", "mu": 3.0},
            "gaussian needs mu, an epoch, and sigma, a positive number; got 3.0 and",
        ),
        ({"weighting": "gaussian", "mu": 3.0, "sigma": 0.0}, "got 3.0 and 0.0"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WeightMean(**settings)
