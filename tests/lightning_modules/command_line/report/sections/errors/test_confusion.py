from pathlib import Path

from tests.makers.report.pictured_runs import drawn_rows, recognition_run
from tests.makers.results.run_folders import PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.errors.confusion import section


def test_cells_say_what_is_taken_for_what(tmp_path: Path) -> None:
    rows = [("a", "run", "run", 0.9), ("b", "run", "jump", 0.6), ("c", "run", "jump", 0.6), ("d", "jump", "jump", 0.8)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    assert "run, taken for jump: 2 of 3 (67 %)" in made.html
    assert "jump, right: 1 of 1 (100 %)" in made.html
    assert "1 group of classes that are taken for each other" in made.html
    assert made.summary == (
        "a, test: The most frequent confusion is run, taken for jump in 2 of 3 videos. There is 1 group of classes "
        "taken for each other."
    )


def test_of_400_classes_the_map_shows_40_and_says_so(tmp_path: Path) -> None:
    names = [f"class {i}" for i in range(400)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": drawn_rows(4000, names)}), "a")])
    assert made is not None
    assert "40 of 400 classes: groups, then the worst" in made.html
    assert made.html.count('text-anchor="end"') == 40
    assert len(made.html) < 200_000


def test_of_several_runs_the_first_is_open_and_the_number_of_maps_is_bounded(tmp_path: Path) -> None:
    folders = [recognition_run(tmp_path / f"{i}", {"test": drawn_rows(40)}) for i in range(14)]
    made = section([read_reported_run(folder, folder.name) for folder in folders])
    assert made is not None
    assert made.html.count('role="img"') == 12
    assert "Without a map, as the page has 12: 12, 13." in made.html


def test_a_run_without_mistakes_has_no_groups(tmp_path: Path) -> None:
    rows = [("a", "run", "run", 0.9)]
    made = section([read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")])
    assert made is not None
    assert "details" not in PageElements(made.html).tags
    assert made.summary == "a, test: No class is taken for another one."


def test_none_without_predictions(tmp_path: Path) -> None:
    assert section([read_reported_run(tmp_path, "a")]) is None
