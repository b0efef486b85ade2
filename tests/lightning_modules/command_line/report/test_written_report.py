from pathlib import Path

import pytest

from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.written_report import write_report, written_report
from zsar.lightning_modules.run_folders.written_files import written_by_test


def test_the_page_of_a_run_lies_in_its_folder(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    report = written_report([folder])
    assert (report.path, report.n_runs, report.is_index, report.problems) == (folder / "report.html", 1, False, ())
    assert "<title>run</title>" in report.path.read_text()


def test_a_page_begins_as_the_run_folder_knows_it(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    assert write_report([folder]) in written_by_test(folder, "test")


def test_the_page_of_several_runs_lies_in_the_folder_that_holds_them(tmp_path: Path) -> None:
    folders = [write_tested_run(tmp_path / "x" / name) for name in ("a", "b/seed0")]
    assert write_report(folders) == tmp_path / "x" / "report.html"


def test_a_folder_of_runs_has_an_index_and_a_page_for_each(tmp_path: Path) -> None:
    for name in ("a", "b/seed0"):
        write_tested_run(tmp_path / name)
    report = written_report([tmp_path])
    assert (report.path, report.n_runs, report.is_index) == (tmp_path / "index.html", 2, True)
    assert 'href="./b/seed0/report.html"' in report.path.read_text()
    assert 'href="../../index.html"' in (tmp_path / "b" / "seed0" / "report.html").read_text()


def test_an_index_elsewhere_has_its_pages_beside_it(tmp_path: Path) -> None:
    write_tested_run(tmp_path / "runs" / "a" / "seed0")
    path = write_report([tmp_path / "runs"], tmp_path / "book" / "lab.html")
    assert 'href="./lab_runs/a/seed0.html"' in path.read_text()
    assert 'href="../../lab.html"' in (tmp_path / "book" / "lab_runs" / "a" / "seed0.html").read_text()
    assert not (tmp_path / "runs" / "a" / "seed0" / "report.html").exists()


def test_folders_and_runs_together_are_an_index_of_each_run_once(tmp_path: Path) -> None:
    folders = [write_tested_run(tmp_path / "runs" / name) for name in ("a", "b")]
    assert written_report([tmp_path / "runs", folders[0]]).n_runs == 2


def test_a_report_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    write_report([folder])
    write_report([folder])  # a report is replaced
    (folder / "report.html").write_text("<!DOCTYPE html>\n<p>my own page</p>")
    with pytest.raises(ValueError, match="is not a report; give another --output, or --force"):
        write_report([folder])
    assert "my own page" in (folder / "report.html").read_text()
    write_report([folder], force=True)
    assert "zsar report" in (folder / "report.html").read_text()


def test_no_page_of_an_index_is_written_where_one_cannot_be(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tested_run(tmp_path / name)
    (tmp_path / "b" / "report.html").write_text("my own page")
    with pytest.raises(ValueError, match="is not a report"):
        write_report([tmp_path])
    assert not (tmp_path / "a" / "report.html").exists()


@pytest.mark.parametrize(
    ("output", "message"),
    [("page.pdf", "the suffix must be .html"), ("page", "the suffix must be .html"), ("folder.html", "is a folder")],
)
def test_an_output_that_is_no_page_is_an_error(tmp_path: Path, output: str, message: str) -> None:
    folder = write_tested_run(tmp_path / "run")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match=message):
        write_report([folder], tmp_path / output)


def test_a_run_that_is_given_twice_is_an_error(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    with pytest.raises(ValueError, match="is given more than once"):
        write_report([folder, folder / ".." / "run"])


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no run"):
        write_report([tmp_path])
    with pytest.raises(ValueError, match="does not exist"):
        write_report([tmp_path / "none"])


def test_a_run_of_which_nothing_can_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"results\.json:1: is not a JSON file"):
        write_report([tmp_path])


def test_what_cannot_be_read_is_returned_and_the_rest_is_written(tmp_path: Path) -> None:
    folder = write_log(write_tested_run(tmp_path / "run"))
    (folder / "results_predict.json").write_text("[]")
    report = written_report([folder])
    assert report.problems == (f"{folder / 'results_predict.json'} holds a list, not a result; run its command again",)
    assert report.problems[0] in report.path.read_text()
