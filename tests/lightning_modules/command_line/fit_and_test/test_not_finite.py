"""One rule over every command that computes: of numbers that are NaN or infinite there is no figure, but an error."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.t2l.t2l import T2L


@pytest.fixture(autouse=True)
def _no_tracebacks_of_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning's logger writes into the captured stream of an earlier test, which pytest has closed."""
    monkeypatch.setattr(logging, "raiseExceptions", False)


@pytest.fixture
def broken(tmp_path: Path, tiny_weights: Path) -> Path:
    """A weights file in which one number of millions is NaN."""
    state = torch.load(tiny_weights, weights_only=True)
    state["visual.proj"][0, 0] = torch.nan
    torch.save(state, tmp_path / "broken.pt")
    return tmp_path / "broken.pt"


def assert_no_figure(capsys: pytest.CaptureFixture[str], folder: Path, *named: str) -> None:
    captured = capsys.readouterr()
    assert all(each in captured.err for each in named), captured.err
    assert "Traceback" not in captured.err
    assert "%" not in captured.out
    assert "nan" not in captured.out
    assert not list(folder.rglob("results*.json"))


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_weights_that_are_not_finite_are_refused_when_they_are_loaded(
    command: str, experiment: Path, broken: Path, tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--config", str(experiment), "--model.backbone.weights", str(broken), "--data.predict", str(video_tree)]
    options += [] if command == "fit" else ["--ckpt_path", "none"]
    with pytest.raises((SystemExit, AssertionError)) as ended:
        assert main([command, *options]) == 0
    assert isinstance(ended.value, AssertionError) or ended.value.code != 0
    assert_no_figure(capsys, tmp_path, "broken.pt", "NaN or infinity", "visual.proj")


@pytest.mark.parametrize(
    "command",
    [
        ["classify", "VIDEO", "--classes", "a, b"],
        ["localize", "VIDEO", "--classes", "a, b", "--method", "frame-wise", "--output", "OUTPUT"],
        ["extract", "VIDEO", "--output", "OUTPUT"],
    ],
)
def test_so_are_those_of_the_other_commands(
    command: list[str], broken: Path, tmp_path: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"VIDEO": str(video_tree / "red dance" / "0.mp4"), "OUTPUT": str(tmp_path / "output")}
    model = ["--architecture", "tiny-clip", "--weights", str(broken), "--device", "cpu"]
    assert main([places.get(part, part) for part in command] + model) == 1
    assert_no_figure(capsys, tmp_path, "broken.pt", "NaN or infinity", "visual.proj")
    assert not [path for path in (tmp_path / "output").rglob("*") if path.is_file()]


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_logits_that_are_not_finite_give_no_figure(
    command: str,
    experiment: Path,
    tmp_path: Path,
    video_tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def overflowing(self: T2L, frames: Tensor) -> Tensor:
        return torch.full((*frames.shape[:2], self.backbone.embedding_width), torch.inf)

    monkeypatch.setattr(T2L, "embed_frames", overflowing)
    options = ["--config", str(experiment), "--data.predict", str(video_tree), "--ckpt_path", "none"]
    assert main([command, *options]) == 1
    assert_no_figure(capsys, tmp_path, "the logits of", "are NaN or infinite (row 0 of the set")


def test_a_video_that_overflows_is_not_classified(
    tmp_path: Path,
    tiny_weights: Path,
    video_tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        ZeroShotCLIP, "embed_frames", lambda self, frames: torch.full((*frames.shape[:2], 64), torch.nan)
    )
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights), "--device", "cpu"]
    assert main(["classify", str(video_tree / "red dance"), "--classes", "a, b", *model]) == 1
    assert_no_figure(capsys, tmp_path, "not classified:", "scores of it are NaN or infinite")


def test_a_training_whose_loss_is_not_finite_ends_and_its_last_checkpoint_stays(
    experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    losses = T2L.losses

    def diverging(self: T2L, *arguments: Any) -> dict[str, Tensor]:
        factor = torch.nan if self.current_epoch == 1 else 1.0
        return {name: factor * loss for name, loss in losses(self, *arguments).items()}

    monkeypatch.setattr(T2L, "losses", diverging)
    assert main(["fit", "--config", str(experiment)]) == 1
    error = capsys.readouterr().err
    assert "the training loss is NaN or infinite at step" in error
    assert "in epoch 1;" in error
    assert "--model.optimization.learning_rate" in error
    assert "Traceback" not in error
    content = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert content["epoch"] == 0
    assert all(tensor.isfinite().all() for tensor in content["state_dict"].values())


def test_weights_that_training_has_spoilt_are_not_saved(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load(experiment.read_text())
    content["model"]["init_args"]["optimization"] = {"learning_rate": 1e30}
    content["data"]["init_args"]["loading"]["batch_size"] = 16  # one step an epoch, whose loss is finite
    experiment.write_text(yaml.safe_dump(content))
    assert main(["fit", "--config", str(experiment), "--data.split.held_out_fraction", "0.4"]) == 1
    assert "NaN or infinite" in capsys.readouterr().err
    for path in (tmp_path / "run").rglob("*.ckpt"):
        assert all(tensor.isfinite().all() for tensor in torch.load(path, weights_only=True)["state_dict"].values())
