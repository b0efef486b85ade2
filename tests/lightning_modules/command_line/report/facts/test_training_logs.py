import math
import os
from pathlib import Path

from tests.makers.results.run_folders import write_log
from zsar.lightning_modules.command_line.report.facts.training_logs import read_metrics


def log(folder: Path, text: str) -> Path:
    path = folder / "metrics.csv"
    path.write_text(text)
    return path


def test_metrics_are_read_over_steps_that_count_from_one(tmp_path: Path) -> None:
    path = log(tmp_path, "epoch,step,train/loss,val/top1\n0,9,2.5,\n0,9,,30\n1,19,nan,\n,,7,\n")
    problems: list[str] = []
    metrics = read_metrics([path], problems)
    assert (metrics["train/loss"].steps, metrics["train/loss"].epochs) == ([10.0, 20.0], [0, 1])
    assert metrics["train/loss"].values[0] == 2.5
    assert math.isnan(metrics["train/loss"].values[1])
    assert metrics["val/top1"].values == [30.0]
    assert problems == []


def test_a_resumed_training_continues_the_curve(tmp_path: Path) -> None:
    write_log(tmp_path)
    write_log(tmp_path, {"train/loss": (0.5,)}, name="fit_2")
    paths = [tmp_path / "csv" / name / "metrics.csv" for name in ("fit", "fit_2")]
    assert read_metrics(paths, [])["train/loss"].values == [2.0, 1.0, 0.5]


def test_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    metrics = read_metrics([log(tmp_path, "epoch,step,train/loss\n0,9,much\n,,2.0\n0,19,1.0\n")], [])
    assert metrics["train/loss"].values == [1.0]


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    os.mkfifo(path)  # a pipe, which would never end
    problems: list[str] = []
    assert read_metrics([path], problems) == {}
    (problem,) = problems
    assert problem.startswith(f"{path}: is a pipe, socket or device, but the log of training must be a regular file; ")


def test_what_stands_before_a_fault_is_kept(tmp_path: Path) -> None:
    problems: list[str] = []
    path = log(tmp_path, "epoch,step,train/loss\n0,9,2.0\n0,19,1.0,surplus\n")
    assert read_metrics([path], problems)["train/loss"].values == [2.0]
    assert problems[0].startswith(f"{path}:3: 4 cells, but the header names 3")


def test_a_log_of_other_bytes_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(b"epoch,step,train/loss\n0,9,\xff\xfe\n")
    problems: list[str] = []
    read_metrics([path], problems)
    assert len(problems) == 1
    assert str(path) in problems[0]
