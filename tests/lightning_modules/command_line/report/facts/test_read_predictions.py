from pathlib import Path

import pytest

from tests.makers.results.run_folders import write_predictions
from zsar.lightning_modules.command_line.report.facts.read_predictions import read_predictions


def test_a_table_is_read_by_column(tmp_path: Path) -> None:
    write_predictions(tmp_path, "test", [("a.mp4", "run", "swim"), ("b.mp4", "swim", "swim")])
    predictions = read_predictions(tmp_path / "predictions_test.csv")
    assert len(predictions) == 2
    assert predictions.paths == ["a.mp4", "b.mp4"]
    assert predictions.answers == ["swim", "swim"]
    assert predictions.probabilities == [0.5, 0.5]
    assert predictions.problems == ["", ""]


def test_a_video_that_could_not_be_decoded_has_no_answer_and_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "predictions_test.csv"
    path.write_text('video,path,label,prediction,probability,decoded,problem\na,a,run,,,no,"broken, at the end"\n')
    predictions = read_predictions(path)
    assert (predictions.answers, predictions.probabilities) == ([""], [None])
    assert predictions.problems == ["broken, at the end"]
    assert predictions.videos == ["a"]


def test_a_table_of_an_earlier_version_lacks_the_reasons(tmp_path: Path) -> None:
    path = tmp_path / "predictions_test.csv"
    path.write_text("path,label,prediction,probability,decoded\na,run,run,0.9,yes\n")
    assert read_predictions(path).problems == [""]
    assert read_predictions(path).videos == ["a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("path,label\na,run\n", "no column prediction"),
     ("path,label,prediction,probability\na,b,b,much\n", ":2: the probability 'much' is no number")],
)  # fmt: skip
def test_what_is_no_table_of_predictions_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "predictions_test.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_predictions(path)


def test_own_probabilities_are_read_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "predictions_test.csv"
    head = "video,path,label,prediction,probability,decoded,problem"
    path.write_text(f"{head},own_probability\na,a,run,run,0.9,yes,,1.5e-05\nb,b,run,,,no,broken,\n")
    assert read_predictions(path).own_probabilities == [1.5e-05, None]
    path.write_text(f"{head}\na,a,run,run,0.9,yes,\n")
    assert read_predictions(path).own_probabilities == [None]
    path.write_text(f"{head},own_probability\na,a,run,run,0.9,yes,,little\n")
    with pytest.raises(ValueError, match=":2: the own probability 'little' is no number; test again"):
        read_predictions(path)
