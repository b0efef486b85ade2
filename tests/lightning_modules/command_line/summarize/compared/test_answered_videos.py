from pathlib import Path

import numpy as np
import pytest

from tests.makers.results.paired_runs import write_answers
from tests.makers.results.recognition_results import recognition_of, write_several_labels
from zsar.lightning_modules.command_line.summarize.compared.answered_videos import AnsweredVideos, answered_videos
from zsar.lightning_modules.command_line.summarize.results.result_reading import read_result


def answers(folder: Path) -> AnsweredVideos:
    return answered_videos(recognition_of(folder), read_result(folder))


def test_figures_are_of_the_videos_drawn(tmp_path: Path) -> None:
    run = answers(write_answers(tmp_path / "run", base="110", novel="10"))
    assert run.videos["novel"] == ("novel/0.mp4", "novel/1.mp4")
    found = run.figures({"base": np.array([[1, 1, 1], [0, 1, 2]]), "novel": np.array([[1, 1], [2, 0]])})
    assert found["base"] == pytest.approx([200 / 3, 100 / 3])
    assert found["novel"] == pytest.approx([50, 100])
    assert found["harmonic_mean"] == pytest.approx([2 * 200 / 3 * 50 / (200 / 3 + 50), 50])
    assert run.sets_of("novel") == ("novel",)
    assert run.sets_of("harmonic_mean") == ()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,a,run,run,0.5,yes,\na,a,run,run,0.5,yes,\n", "names the video 'a' more than once"),
        ("", "has no video"),
        ("a,a,,run,0.5,yes,\n", "has no label of 'a'"),
        (None, "is not there, and videos are compared by their predictions; test again: .* --run_dir .*run"),
    ],
)
def test_files_that_cannot_be_paired_are_errors(tmp_path: Path, rows: str | None, message: str) -> None:
    path = write_answers(tmp_path / "run", test="1") / "predictions_test.csv"
    path.unlink()
    if rows is not None:
        path.write_text(f"video,path,label,prediction,probability,decoded,problem\n{rows}")
    with pytest.raises(ValueError, match=f"{path}.*{message}"):
        answers(tmp_path / "run")


def test_a_video_that_could_not_be_decoded_is_wrong(tmp_path: Path) -> None:
    folder = write_answers(tmp_path / "run", test="10")
    path = folder / "predictions_test.csv"
    path.write_text(path.read_text().replace("swim,0.5000,yes,", ",,no,broken"))
    assert answers(folder).right["test"].tolist() == [True, False]


def test_answers_to_videos_of_several_labels_are_not_right_or_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"videos with several labels.* without --compare"):
        answers(write_several_labels(tmp_path / "run", 30.0))
