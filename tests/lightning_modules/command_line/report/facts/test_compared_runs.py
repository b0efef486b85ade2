from pathlib import Path

from tests.makers.results.recognition_results import described, write_result
from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.facts.compared_runs import compared_rows
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def test_runs_of_seeds_are_a_row_beside_published_figures(tmp_path: Path) -> None:
    settings = {"data": described("hmdb51"), "trained_on": described("kinetics400")}
    folders = [write_result(tmp_path / "t2l" / f"seed{n}", {"test": 52.0 + n}, seed=n, **settings) for n in (0, 1)]
    rows, problem = compared_rows([read(folder) for folder in folders])
    assert problem is None
    (row,) = rows
    assert (row.group.name, row.group.mean("test")) == ("t2l", 52.5)
    assert row.published[0].figure.full_method == "T2L"


def test_runs_that_form_no_row_stand_alone_and_it_is_said_why(tmp_path: Path) -> None:
    folders = [write_tested_run(tmp_path / "t2l" / f"seed{n}", seed=n) for n in (0, 1)]
    other = write_result(tmp_path / "t2l" / "seed2", {"test": 50.0}, data=described("hmdb51"))
    rows, problem = compared_rows([read(folder) for folder in (*folders, other)])
    assert [row.group.name for row in rows] == ["seed0", "seed1", "seed2"]
    assert problem is not None
    assert "data_set" in problem


def test_a_training_alone_is_left_out(tmp_path: Path) -> None:
    assert compared_rows([read(write_log(tmp_path / "fit"))]) == ([], None)
