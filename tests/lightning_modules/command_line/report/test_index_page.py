from pathlib import Path

import pytest

from tests.makers.results.run_folders import HOSTILE, PageElements, write_log, write_tested_run
from zsar.lightning_modules.command_line.report.index_page import index_page, link_to
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def index(runs: list[ReportedRun]) -> str:
    return index_page(runs, {run.name: f"{run.name}/report.html" for run in runs}, title="Runs")


def test_each_run_is_a_row_that_leads_to_its_page(tmp_path: Path) -> None:
    config = {"config": ["configs/experiment/shapes.yaml"], "model": {}}
    runs = [read(write_tested_run(tmp_path / name, seed=n, config=config)) for n, name in enumerate(("a", "b"))]
    page = index(runs)
    assert '<a href="./a/report.html">a</a>' in page
    assert page.count("<td>shapes</td>") == 2 + 1  # of the runs, and of the means over them
    assert "2 runs on ucf101." in page
    assert "Best on ucf101 (base-to-novel): 54.5 % harmonic mean, b: frozen CLIP." in page


def test_means_are_over_the_runs_of_an_experiment(tmp_path: Path) -> None:
    runs = [
        read(write_tested_run(tmp_path / name, top1, seed=n)) for n, (name, top1) in enumerate((("a", 60), ("b", 90)))
    ]
    page = index(runs)
    assert "Means over runs" in page
    assert '<td class="number" data-key="69.6' in page  # the mean of 54.5 and 84.7
    assert "<td>0, 1</td>" in page


def test_what_is_broken_or_unfinished_is_listed_with_its_cause(tmp_path: Path) -> None:
    half = write_log(tmp_path / "half", {"train/loss": (2.0,)})
    broken = write_tested_run(tmp_path / "broken")
    (broken / "results.json").write_text("{")
    page = index([read(half), read(broken), read(write_tested_run(tmp_path / "done"))])
    text = PageElements(page).text
    assert "the training is unfinished; 1 of 2 epochs of training are done" in text
    assert f"{broken / 'results.json'}: line 1" in text or str(broken / "results.json") in text
    assert "Complete: 1 of 3 runs." in text


def test_an_index_of_sound_runs_has_nothing_broken(tmp_path: Path) -> None:
    assert "Broken or unfinished" not in index([read(write_tested_run(tmp_path / "done"))])


@pytest.mark.parametrize(
    ("path", "link"),
    [("a/report.html", "./a/report.html"), ("../b.html", "../b.html"), 
     ("javascript:alert(1)/r.html", "./javascript%3Aalert%281%29/r.html"),
     ("a b?#.html", "./a%20b%3F%23.html"), ("ros\udce9.html", "./ros%E9.html"), ("跳.html", "./%E8%B7%B3.html")],
)  # fmt: skip
def test_a_link_leads_to_a_file_whatever_its_name(path: str, link: str) -> None:
    assert link_to(path) == link


def test_no_name_is_anything_but_text(tmp_path: Path) -> None:
    name = HOSTILE.replace("/", "")
    plain = index([read(write_tested_run(tmp_path / "a"))])
    page = index([read(write_tested_run(tmp_path / name, config={"config": [HOSTILE], "model": {}}))])
    assert set(PageElements(page).tags) <= set(PageElements(plain).tags)
    assert [attribute for attribute, _ in PageElements(page).attributes if attribute.startswith("on")] == []


def test_only_tests_of_all_videos_are_the_best_and_enter_means(tmp_path: Path) -> None:
    part = write_tested_run(tmp_path / "part", 99.0, complete=False)
    validated = write_tested_run(tmp_path / "validated", 98.0)
    (validated / "results.json").rename(validated / "results_validate.json")
    whole = [write_tested_run(tmp_path / f"whole {n}", 60.0, seed=n) for n in range(2)]
    text = PageElements(index([read(folder) for folder in (part, validated, *whole)])).text
    best = [line for line in text.splitlines() if "Best on" in line]
    assert ["54.5 % harmonic mean" in line for line in best] == [True]
    assert "54.50.0harmonic mean20, 1" in text.replace("\n", "")
