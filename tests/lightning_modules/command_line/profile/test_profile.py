import json
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import main

FAST = ("--device", "cpu", "--repeats", "1")


@pytest.mark.slow
def test_the_numbers_of_a_profile_are_those_of_results_json(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--config", str(experiment), "--trainer.max_epochs", "1"]) == 0
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    assert main(["test", "--config", str(experiment), "--ckpt_path", str(last)]) == 0
    cost = json.loads((tmp_path / "run" / "results.json").read_text())["cost"]
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    output = tmp_path / "profiled" / "cost.json"
    files = ("--output", str(output), "--results", str(tmp_path / "run"))
    assert main(["profile", str(experiment), *FAST, *files]) == 0
    profile = json.loads(output.read_text())
    (row,) = profile["rows"]
    for key in ("parameters", "frames_per_view", "image_size", "gflops_per_view", "gmacs_per_view", "counted"):
        assert row[key] == cost[key], key
    assert row["decode"]["of"] == "test videos of VideoFolder"
    assert row["result"]["run"] == str(tmp_path / "run")
    printed = capsys.readouterr().out
    assert f"wrote {output}" in printed
    assert "experiment" in printed
    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path for path in before if before[path] != after[path]} <= {tmp_path}  # whose new folder is "profiled"


def test_several_experiments_and_frames_are_one_table(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "cost.csv"
    line = ["profile", str(experiment), str(experiment), "--n_frames", "2,4", "--what", "count"]
    assert main([*line, "--output", str(output)]) == 0
    assert len(output.read_text().splitlines()) == 1 + 4
    assert "GFLOPs of a video: matrix products" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--output", "cost.txt"], "the suffix must be one of"),
        (["--results", "a", "--results", "b"], "--results is given 2 times, but the table has 1 rows"),
        (["--n_classes", "50"], "--n_classes 50: the set 'train' of VideoFolder has 4 classes; give fewer"),
        (["--model.backbone.weights", "none.pt", "--what", "forward"], "--random_weights"),
    ],
)
def test_an_error_is_one_line(
    line: list[str], message: str, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", str(experiment), *FAST, *line]) == 1
    said = capsys.readouterr().err.strip()
    assert message in said
    assert len(said.splitlines()) == 1
    assert said.startswith("zsar profile: error: ")
