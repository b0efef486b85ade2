"""SIGTERM and Ctrl-C: what is saved, what is said, and the exit status.

Experiments have 12 training videos in batches of 4: three steps an epoch.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from zsar.lightning_modules.command_line.cli import main

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def callback(name: str, **arguments: object) -> tuple[str, str]:
    return "--trainer.callbacks", json.dumps(
        [{"class_path": f"tests.makers.command_line.killing.{name}", "init_args": arguments}]
    )


def start(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "zsar", *map(str, arguments)]
    pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, cwd=ROOT, text=True, **pipes)


def saved(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    return content


def assert_same_weights(first: Path, second: Path, **tolerance: float) -> None:
    one, other = saved(first)["state_dict"], saved(second)["state_dict"]
    assert set(one) == set(other)
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], **(tolerance or {"atol": 0.0, "rtol": 0.0}))


@pytest.mark.parametrize(
    ("signum", "status", "name", "step"), [(signal.SIGTERM, 143, "SIGTERM", 4), (signal.SIGINT, 130, "Ctrl-C", 5)]
)
def test_training_ends_after_the_step_saves_and_says_how_to_go_on(
    signum: int, status: int, name: str, step: int, experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alike = ["--config", experiment, "--trainer.max_epochs", 3]
    told = callback("SignalInStep", step=step, signum=int(signum))
    assert run("fit", *alike, "--run_dir", tmp_path / "cut", *told) == status
    assert saved(tmp_path / "cut")["global_step"] == step + 1
    said = capsys.readouterr().err.splitlines()[-1]
    begin, _, command = said.partition("; to resume: ")
    assert begin == f"zsar fit: stopped by {name}; last.ckpt is saved"
    words = shlex.split(command)
    assert words[:2] == ["zsar", "fit"]
    assert words[-2] == "--ckpt_path"
    assert Path(words[-1]).resolve() == (tmp_path / "cut" / "checkpoints" / "last.ckpt").resolve()
    again = [word for word in words[1:] if word not in told]  # the command as it is printed, without the signal
    assert run(*again) == 0
    assert run("fit", *alike, "--run_dir", tmp_path / "whole") == 0
    assert_same_weights(tmp_path / "cut", tmp_path / "whole")
    assert saved(tmp_path / "cut")["global_step"] == 9


def test_a_second_ctrl_c_stops_at_once(experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = callback("SignalInStep", step=4, signum=int(signal.SIGINT), times=2)
    assert run("fit", "--config", experiment, *told) == 130
    assert saved(tmp_path / "run")["global_step"] == 3
    assert "Ctrl-C again stops at once" in capsys.readouterr().err


def test_a_validation_is_stopped_at_once_since_all_is_saved(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = callback("FailInValidation", step=6, signum=int(signal.SIGTERM))
    assert run("fit", "--config", experiment, *told) == 143
    assert saved(tmp_path / "run")["global_step"] == 6
    assert "last.ckpt is saved; to resume: zsar fit" in capsys.readouterr().err


def test_a_test_is_stopped_and_leaves_no_results(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("test", "--config", experiment, "--ckpt_path", "none", *callback("SignalInTest")) == 143
    assert capsys.readouterr().err.splitlines()[-1] == "zsar test: stopped by SIGTERM"
    assert not (tmp_path / "run" / "results.json").exists()


def test_several_commands_end_with_the_one_that_was_stopped(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = shlex.join(["zsar", "fit", "--config", str(experiment), *callback("SignalInStep", step=1)])
    (tmp_path / "commands").write_text(f"{stopped}\nzsar summarize nowhere\n")
    assert run("batch", tmp_path / "commands") == 143
    printed = capsys.readouterr()
    assert "last.ckpt is saved; to resume: zsar fit" in printed.err
    assert "[2 of 2]" not in printed.out


def test_handlers_are_as_before_when_a_command_has_ended(experiment: Path) -> None:
    before = [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)]
    run("fit", "--config", experiment, *callback("SignalInStep", step=1))
    assert [signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)] == before


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [0, 2])
def test_a_process_that_is_told_to_stop_from_outside_saves_and_exits_with_143(
    n_workers: int, experiment: Path, tmp_path: Path
) -> None:
    process = start(
        "fit", "--config", experiment, "--trainer.max_epochs", 10_000, "--data.loading.n_workers", n_workers
    )
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    until = time.monotonic() + 120
    while not last.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "zsar fit: stopped by SIGTERM; last.ckpt is saved; to resume: zsar fit --config" in said
    assert saved(tmp_path / "run")["global_step"] >= 3
    assert not list((tmp_path / "run" / "checkpoints").glob(".*"))


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_of_two_processes_either_may_be_told(rank: int, experiment: Path, tmp_path: Path) -> None:
    alike = ["--config", experiment, "--trainer.max_epochs", 3, "--data.loading.batch_size", 2]
    alike += ["--trainer.devices", 2, "--trainer.strategy", "ddp"]
    told = callback("SignalInStep", step=4, rank=rank)
    process = start("fit", *alike, "--run_dir", tmp_path / "cut", *told)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 143, said
    assert said.count("stopped by SIGTERM; last.ckpt is saved; to resume") == 1
    assert saved(tmp_path / "cut")["global_step"] == 5
