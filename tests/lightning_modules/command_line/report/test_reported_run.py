from pathlib import Path

import pytest

from tests.makers.results.run_folders import write_log, write_predictions, write_tested_run
from zsar.lightning_modules.command_line.report.reported_run import part, read_reported_run


def test_what_lies_in_a_run_folder_is_read(tmp_path: Path) -> None:
    folder = write_log(write_tested_run(tmp_path / "run"), name="fit_2")
    run = read_reported_run(folder, "run")
    assert run.main_stage == "test"
    assert run.tested is not None
    assert run.tested.figures["base"] == 60.0
    assert list(run.prediction_sets) == ["base", "novel"]
    assert run.training_config["trainer"]["max_epochs"] == 2
    assert run.problems == []


def test_predictions_are_columns_in_the_order_of_the_file(tmp_path: Path) -> None:
    run = read_reported_run(write_tested_run(tmp_path / "run"), "run")
    predictions = run.predictions("base")
    assert predictions is not None
    assert predictions.paths == ["a.mp4", "b.mp4", "c.mp4"]
    assert predictions.labels == ["run", "run", "swim"]
    assert predictions.answers == ["run", "swim", "swim"]
    assert predictions.probabilities == [0.5, 0.5, 0.5]
    assert run.predictions("base") is predictions  # read once
    assert run.predictions("val") is None


def test_names_come_back_as_they_are_on_disk(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    write_predictions(folder, "base", [("ros\\udce9.mp4", "跳舞", "a, b")])
    predictions = read_reported_run(folder, "run").predictions("base")
    assert predictions is not None
    assert (predictions.paths, predictions.labels, predictions.answers) == (["ros\udce9.mp4"], ["跳舞"], ["a, b"])


def test_a_file_that_cannot_be_read_is_a_problem_and_the_rest_is_there(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    (folder / "results_validate.json").write_text("{")
    (folder / "predictions_base.csv").write_text("video,path,label,prediction,probability\na,a,b,b,much\n")
    run = read_reported_run(folder, "run")
    assert run.tested is not None
    assert run.predictions("base") is None
    assert [problem.split(":")[0] for problem in run.problems] == [
        str(folder / "results_validate.json"),
        str(folder / "predictions_base.csv"),
    ]


def test_a_test_of_a_part_of_the_set_has_figures_but_is_not_compared(tmp_path: Path) -> None:
    run = read_reported_run(write_tested_run(tmp_path / "run", complete=False), "run")
    assert run.tested is None
    assert run.test_settings is not None
    assert run.problems == []  # it can be read


def test_logs_are_in_the_order_in_which_they_were_begun(tmp_path: Path) -> None:
    for name in ("test", "fit_10", "fit_2", "fit"):
        write_log(tmp_path, name=name)
    assert list(read_reported_run(tmp_path, "run").logs) == ["fit", "fit_2", "fit_10", "test"]


@pytest.mark.parametrize(
    ("content", "kind", "value"),
    [({"a": {"b": 1}}, int, 1), ({"a": {"b": 1}}, float, 1.0), ({"a": {"b": True}}, int, None), ({"a": 3}, int, None),
     ({"a": {"b": "x"}}, float, None), (None, str, None), ({"a": {"b": True}}, float, None)],
)  # fmt: skip
def test_a_part_is_of_its_type_or_none(content: object, kind: type, value: object) -> None:
    found = part(content, "a", "b", kind=kind)
    assert (type(found), found) == (type(value), value)
