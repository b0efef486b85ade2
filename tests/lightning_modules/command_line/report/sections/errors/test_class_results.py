from pathlib import Path

from tests.makers.report.pictured_runs import base_to_novel_run, recognition_run
from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.sections.errors.class_results import section


def of(folder: Path, rows: list[tuple[str, str, str, float | None]], name: str = "a") -> ReportedRun:
    return read_reported_run(recognition_run(folder / name, {"test": rows}), name)


ROWS: list[tuple[str, str, str, float | None]] = [
    ("a", "run", "run", 0.9),
    ("b", "run", "run", 0.6),
    ("c", "jump", "run", 0.8),
    ("d", "jump", "run", 0.8),
    ("e", "jump", "jump", 0.8),
    ("f", "swim", "", None),
]


def test_a_row_for_each_class_worst_first(tmp_path: Path) -> None:
    made = section([of(tmp_path, ROWS)])
    assert made is not None
    text = PageElements(made.html).text
    assert "3 classes of test in a, worst first" in text
    cells = [cell.strip() for cell in text.split("\n") if cell.strip()]
    assert cells.index("swim10.01") < cells.index("jump333.3run2") < cells.index("run2100.0")
    assert "not decoded" in text
    assert made.summary.startswith(
        "a, test: of 3 classes, 1 are always right and 1 never; the worst is swim, right in 0 %"
    )


def test_runs_stand_side_by_side_and_large_differences_are_marked(tmp_path: Path) -> None:
    better: list[tuple[str, str, str, float | None]] = [(path, label, label, 0.9) for path, label, _, _ in ROWS]
    made = section([of(tmp_path, ROWS, "a"), of(tmp_path, better, "b")])
    assert made is not None
    assert made.html.count("<mark>") == 2, "jump; the one video of swim is too few to be notable"
    assert "<mark>33.3</mark>" in made.html
    assert made.summary == "test: the runs differ notably in 1 of 3 classes, most in swim, by 100 points."


def test_a_run_without_mistakes_and_one_without_predictions(tmp_path: Path) -> None:
    made = section([of(tmp_path, [("a", "run", "run", 0.9)])])
    assert made is not None
    assert made.summary == "a, test: of 1 classes, 1 are always right and 0 never."
    (tmp_path / "empty").mkdir()
    assert section([read_reported_run(tmp_path / "empty", "empty")]) is None


def test_base_and_novel_are_apart_and_names_are_text(tmp_path: Path) -> None:
    made = section([read_reported_run(base_to_novel_run(tmp_path / "a", (HOSTILE, "run", "jump", "swim")), "a")])
    assert made is not None
    elements = PageElements(made.html)
    assert elements.tags.count("table") == 2
    assert "img" not in elements.tags
    assert "script" not in elements.tags
    assert HOSTILE.replace("\u202e", "\\u202e") in elements.text
