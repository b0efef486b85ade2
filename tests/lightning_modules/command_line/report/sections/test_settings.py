from pathlib import Path
from typing import Any

from tests.makers.results.run_folders import PageElements, write_tested_run
from zsar.lightning_modules.command_line.report.facts.parsed_experiments import ComparedConfig, Difference
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run
from zsar.lightning_modules.command_line.report.sections import settings
from zsar.lightning_modules.command_line.report.sections.settings import differences_between, section


def read(folder: Path, **trainer: Any) -> ReportedRun:
    config = {"model": {"class_path": "T2L"}, "trainer": trainer}
    return read_reported_run(write_tested_run(folder, config=config), folder.name)


def test_the_settings_of_a_run_are_there_with_why_they_are_not_compared(tmp_path: Path) -> None:
    made = section([read(tmp_path / "run", max_epochs=5)])
    assert made is not None
    assert "Not compared with an experiment: which configuration files were given: not recorded." in made.html
    assert "<td>trainer.max_epochs</td><td>5</td>" in made.html


def test_the_settings_in_which_runs_differ_are_a_table_with_marks(tmp_path: Path) -> None:
    made = section([read(tmp_path / name, max_epochs=n, precision="32") for name, n in (("a", 5), ("b", 5), ("c", 7))])
    assert made is not None
    first = made.html.partition("</table>")[0]
    assert "<td>trainer.max_epochs</td><td>5</td><td>5</td>" in first
    assert '<td class="differs"><mark>7</mark></td>' in first
    assert "precision" not in first  # which is the same


def test_runs_of_the_same_settings_are_said_to_be() -> None:
    config = ComparedConfig((), (), None, {"seed_everything": "0"})
    assert "All settings are the same" in differences_between({"a": config, "b": config})
    assert differences_between({"a": config}) == ""


def test_what_differs_from_the_experiment_is_beside_it(tmp_path: Path, monkeypatch: Any) -> None:
    difference = Difference("data.split.fold", "1", "2")
    config = ComparedConfig(("a.yaml",), (difference,), None, {"data.split.fold": "2", "seed_everything": "0"})
    monkeypatch.setattr(settings, "compared_config", lambda run: config)
    made = section([read(tmp_path / "run")])
    assert made is not None
    assert made.summary == "1 of 2 settings is other than in a.yaml."
    assert "<td>data.split.fold</td><td>1</td>" in made.html
    assert "Other than in the experiment" in PageElements(made.html).text


def test_a_run_without_a_configuration_has_no_section(tmp_path: Path) -> None:
    assert section([read_reported_run(tmp_path, "empty")]) is None
