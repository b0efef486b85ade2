from pathlib import Path

from tests.makers.results.recognition_results import adaptation, write_result
from tests.makers.results.run_folders import PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.errors.tuning_effects import section


def test_before_and_after_tuning(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "a", {"test": 50.0}, adapted=adaptation("TPT"))
    made = section([read_reported_run(folder, "a")])
    assert made is not None
    assert "atestTPT48.049.050.02.03010" in PageElements(made.html).text.replace("\n", "")
    assert made.summary == ("a, test: TPT changed top-1 from 48.0 to 50.0 %; 30 answers were made right and 10 wrong.")
    assert "test: 50.0, untuned: 48" in made.html


def test_many_perturbations_are_a_table_alone(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "a", {f"set_{i}": 50.0 for i in range(20)}, adapted=adaptation("TPT"))
    made = section([read_reported_run(folder, "a")])
    assert made is not None
    assert 'role="img"' not in made.html
    assert made.html.count("<tr>") == 21


def test_none_where_nothing_was_tuned(tmp_path: Path) -> None:
    assert section([read_reported_run(write_result(tmp_path / "a", {"test": 50.0}), "a")]) is None
