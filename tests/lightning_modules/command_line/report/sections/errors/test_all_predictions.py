import json
from pathlib import Path

import pytest

from tests.makers.report.pictured_runs import drawn_rows, recognition_run, write_answers
from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.errors import all_predictions
from zsar.lightning_modules.command_line.report.sections.errors.all_predictions import section


def test_each_video_has_its_answer_and_outcome(tmp_path: Path) -> None:
    rows = [("a.mp4", "run", "run", 0.9), ("b.mp4", "run", "jump", 0.6), ("c.mp4", "run", "", None)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    text = PageElements(made.html).text
    assert "a.mp4runrun0.9000right" in text
    assert "b.mp4runjump0.6000wrong" in text
    assert "c.mp4runnot decodedthe file is cut off" in text


def test_runs_stand_side_by_side_also_if_they_tested_other_videos(tmp_path: Path) -> None:
    a = recognition_run(tmp_path / "a", {"test": [("x", "run", "run", 0.9), ("y", "run", "jump", 0.6)]})
    b = recognition_run(tmp_path / "b", {"test": [("y", "run", "run", 0.7), ("z", "jump", "", None)]})
    made = section([read_reported_run(a, "a"), read_reported_run(b, "b")])
    assert made is not None
    text = PageElements(made.html).text
    assert "xrun1run0.9000" in text
    assert "yrun1jump0.6000run0.7000" in text
    assert "zjump0" in text


def test_videos_without_labels_have_no_outcome(tmp_path: Path) -> None:
    write_answers(tmp_path, "predict", [("a.mp4", "", "run", 0.9)])
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert "outcome" not in made.html
    assert "a.mp4run0.9000" in PageElements(made.html).text


def test_twenty_thousand_rows_are_compact(tmp_path: Path) -> None:
    names = [f"a class with a long name, number {i}" for i in range(400)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": drawn_rows(20_000, names)}), "a")])
    assert made is not None
    assert len(made.html) < 3_000_000
    columns = json.loads(PageElements(made.html).json[0])
    assert len(columns[1]["words"]) == 400


def test_what_does_not_fit_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {"test": drawn_rows(20), "second": drawn_rows(600)}
    monkeypatch.setattr(all_predictions, "MOST_BYTES", 20_000)
    made = section([read_reported_run(recognition_run(tmp_path / "a", sets), "a")])
    assert made is not None
    assert PageElements(made.html).tags.count("table") == 1
    assert "Left out" in made.html
    assert "second" in made.html
    assert made.summary.startswith("Videos by set: test 20, second 600.")


def test_names_are_text_in_html_and_in_json(tmp_path: Path) -> None:
    for n in (3, 600):
        rows = [(f"{HOSTILE}{i}", HOSTILE, HOSTILE, 0.5) for i in range(n)]
        made = section([read_reported_run(recognition_run(tmp_path / f"{n}", {"test": rows}), HOSTILE)])
        assert made is not None
        elements = PageElements(made.html)
        assert "img" not in elements.tags
        assert elements.tags.count("script") == (n > 500)


def test_the_size_of_tables_is_that_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"{'跳' * 20}{i}", "run", "run", 0.5) for i in range(600)]  # 12,000 characters of three bytes
    monkeypatch.setattr(all_predictions, "MOST_BYTES", 30_000)
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    assert "Left out" in made.html
