from pathlib import Path

from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.sections.cost import costs_of, section

COST = {
    "seconds": 2.5,
    "videos_per_second": 3.2,
    "peak_device_mb": None,
    "peak_host_mb": 512.0,
    "parameters": {"total": 1_000_000, "trained": 16_440},
    "gflops_per_view": 0.0123456,
    "counted": "matrix products",
}


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def test_what_a_run_recorded_is_shown_and_nothing_else(tmp_path: Path) -> None:
    costs = costs_of(read(write_tested_run(tmp_path / "run", cost=COST)))
    assert costs["seconds (test)"] == (2.5, 1)
    assert costs["parameters"] == (1_000_000, 0)
    assert costs["GFLOPs of a view"] == (0.0123456, 3)
    assert "highest device memory, MB" not in costs
    assert list(costs_of(read(write_tested_run(tmp_path / "old")))) == ["seconds (test)"]


def test_training_has_means_and_the_highest_memory(tmp_path: Path) -> None:
    metrics = {"train/loss": (2.0, 1.0), "cost/epoch_seconds": (10.0, 20.0), "cost/peak_host_mb": (300.0, 200.0)}
    costs = costs_of(read(write_log(tmp_path / "fit", metrics)))
    assert costs["seconds of an epoch of training"] == (15.0, 1)
    assert costs["highest host memory in training, MB"] == (300.0, 1)


def test_runs_are_side_by_side_with_what_is_counted(tmp_path: Path) -> None:
    made = section([read(write_tested_run(tmp_path / "a", cost=COST)), read(write_tested_run(tmp_path / "b"))])
    assert made is not None
    row = made.html[made.html.index("<td>trained parameters</td>") :].partition("</tr>")[0]
    assert "16,440" in row
    assert "GFLOPs count matrix products." in made.html


def test_a_run_without_any_cost_has_no_section(tmp_path: Path) -> None:
    assert section([read(write_log(tmp_path / "fit"))]) is None
