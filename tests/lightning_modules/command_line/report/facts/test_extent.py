from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import described, write_result
from tests.makers.results.run_folders import write_tested_run
from zsar.lightning_modules.command_line.report.facts.extent import averaged_over, extent
from zsar.lightning_modules.command_line.report.facts.run_facts import main_figure
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run

COUNTED = {"n_listed": 30, "n_evaluated": 30, "n_failed": 0}


def texts(*hashes: str) -> dict[str, Any]:
    return {str(n): {"n_classes": 5, "hash": text} for n, text in enumerate(hashes)}


@pytest.mark.parametrize(
    ("n_sets", "changes", "size", "over"),
    [(1, {"class_text": texts("a")}, "30 videos, 5 classes", ""),
     (2, {"class_text": texts("a", "a")}, "60 videos in 2 sets, 5 classes", ", the mean over 2 sets"),
     (2, {"class_text": texts("a", "b"), "data": described("hmdb51", classes="halves"), "mean": {"top1": 50.0},
          "std": {"top1": 1.0}},
      "2 draws of 5 classes, 60 videos in all draws", ", mean and deviation over 2 draws of classes"),
     (3, {"class_text": texts("a", "a", "a"), "data": described("ucf101", conditions={"fog": {}, "rain": {}}),
          "mean": {"top1": 50.0}}, "90 videos in 3 sets, 5 classes", ", the mean over 2 perturbations")],
)  # fmt: skip
def test_what_a_mean_is_over_is_said(
    tmp_path: Path, n_sets: int, changes: dict[str, Any], size: str, over: str
) -> None:
    sets = {str(n): {"top1": 50.0, **COUNTED} for n in range(n_sets)}
    folder = write_result(tmp_path / "run", dict.fromkeys(sets, 50.0), **{"sets": sets, **changes})
    run = read_reported_run(folder, "run")
    figure = main_figure(run)
    assert extent(run) == size
    assert figure is not None
    assert averaged_over(run, figure) == over


def test_a_harmonic_mean_is_of_base_and_novel_classes(tmp_path: Path) -> None:
    run = read_reported_run(write_tested_run(tmp_path / "run"), "run")
    figure = main_figure(run)
    assert figure is not None
    assert averaged_over(run, figure) == " of base and novel classes"
    assert extent(run) == "8 videos, 4 classes"
