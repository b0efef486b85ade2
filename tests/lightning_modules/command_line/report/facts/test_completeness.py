from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import write_result
from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.facts.completeness import completeness
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run

FAILED = {"base": {"top1": 60.0, "n_listed": 4, "n_evaluated": 3, "n_failed": 1}}
FAILED["novel"] = {"top1": 50.0, "n_listed": 4, "n_evaluated": 4, "n_failed": 0}


def said(folder: Path) -> list[str]:
    return completeness(read_reported_run(folder, folder.name))


@pytest.mark.parametrize(
    ("losses", "state"),
    [((2.0,), "No: the training is unfinished; 1 of 2 epochs of training are done."),
     ((2.0, 1.0), "No: it was not tested; 2 of 2 epochs of training are done.")],
)  # fmt: skip
def test_a_training_says_how_far_it_is(tmp_path: Path, losses: tuple[float, ...], state: str) -> None:
    assert said(write_log(tmp_path / "fit", {"train/loss": losses})) == [state]


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [({}, ["Yes: all 8 videos were tested, and each could be decoded."]),
     ({"complete": False}, ["No: only a part of the videos was tested, as a limit on batches was set."]),
     ({"n_damaged_frames": 1200},
      ["Yes: all 8 videos were tested, and each could be decoded.", "1,200 damaged frames were accepted."]),
     ({"sets": FAILED}, ["Yes: all 8 videos count; 1 could not be decoded and counts as wrong."])],
)  # fmt: skip
def test_what_is_missing_in_a_test_is_said(tmp_path: Path, changes: dict[str, Any], sentences: list[str]) -> None:
    assert said(write_tested_run(tmp_path / "run", **changes)) == sentences


def test_a_test_of_an_unfinished_training_says_both(tmp_path: Path) -> None:
    folder = write_log(write_tested_run(tmp_path / "run"), {"train/loss": (2.0,)})
    assert said(folder)[1] == "The training did 1 of 2 epochs."


def test_an_older_result_without_counts_is_said(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "old", {"test": 50.0})
    assert said(folder) == ["Yes, as the result says; how many videos were tested is not recorded."]


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    assert said(tmp_path) == ["No: there is nothing in the folder that can be read as a result."]
