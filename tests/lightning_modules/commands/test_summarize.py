import json
from pathlib import Path

import pytest

from lightning_modules.cli import main


def run_folder(path: Path, base: float, novel: float, *, complete: bool = True) -> Path:
    path.mkdir(parents=True)
    harmonic = 2 * base * novel / (base + novel)
    sets = {"base": {"top1": base}, "novel": {"top1": novel}}
    content = {"complete": complete, "sets": sets, "harmonic_mean": harmonic}
    (path / "results.json").write_text(json.dumps(content))
    return path


def summarize(*arguments: object) -> int:
    return main(["summarize", *map(str, arguments)])


def test_runs_are_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_folder(tmp_path / "frozen", 40, 60), run_folder(tmp_path / "t2l", 100, 90)]
    assert summarize(*runs, "--output", tmp_path / "all" / "results.json") == 0
    printed = capsys.readouterr().out
    assert "harmonic mean" in printed
    assert "94.7" in printed
    content = json.loads((tmp_path / "all" / "results.json").read_text())
    assert content["frozen"] == {"base": 40, "novel": 60, "harmonic_mean": 48, "n_runs": 1}


def test_seeds_are_one_row_with_mean_and_deviation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [run_folder(tmp_path / "t2l" / f"seed{i}", b, b) for i, b in enumerate((90, 94, 98))]
    assert summarize(*runs, "--output", tmp_path / "r.json") == 0
    assert "94.0 ± 4.0" in capsys.readouterr().out
    row = json.loads((tmp_path / "r.json").read_text())["t2l"]
    assert (row["base"], row["std"]["base"], row["n_runs"]) == (94, 4, 3)
    assert [run["novel"] for run in row["runs"]] == [90, 94, 98]


def test_a_part_of_a_test_set_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert summarize(run_folder(tmp_path / "part", 40, 60, complete=False)) == 1
    assert "a part of the test set only" in capsys.readouterr().err


def test_runs_of_different_sets_are_not_put_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "results.json").write_text(
        json.dumps({"complete": True, "sets": {"test": {"top1": 50}}, "harmonic_mean": None})
    )
    assert summarize(run_folder(tmp_path / "t2l", 40, 60), other) == 1
    assert "other has test, but t2l has base, novel, harmonic_mean" in capsys.readouterr().err
