from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import adaptation, described, write_result
from tests.makers.results.run_folders import changed_result, write_log, write_tested_run
from zsar.lightning_modules.command_line.report.answer import Answer, answer_of, answer_of_several, opening, runs_table
from zsar.lightning_modules.command_line.report.facts.compared_runs import compared_rows
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def answer(folder: Path) -> Answer:
    run = read(folder)
    rows, _ = compared_rows([run])
    return answer_of(run, rows[0] if rows else None)


def test_a_test_of_base_and_novel_classes_answers_the_four_questions(tmp_path: Path) -> None:
    found = answer(write_tested_run(tmp_path / "run"))
    assert found.what == [
        "frozen CLIP with ViT-B-16-quickgelu was tested on ucf101 (base-to-novel): 8 videos, 4 classes.",
        "Nothing was trained. Seed 0.",
    ]
    assert found.complete == ["Yes: all 8 videos were tested, and each could be decoded."]
    assert found.good[:2] == [
        "54.5 % harmonic mean of base and novel classes.",
        "Top-1: 60.0 % of base, 50.0 % of novel.",
    ]
    assert found.compared[0] == "Guessing among 2 classes gives 50.0 % top-1."


def test_a_run_is_compared_with_the_published_figure_of_its_method(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"data": described("hmdb51"), "trained_on": described("kinetics400")}
    found = answer(write_result(tmp_path / "t2l", {"test": 53.1}, **settings))
    assert found.compared[1].startswith("0.2 points above the published figure: T2L has 52.9 % top-1 (T2L Table 1")
    assert "folds 1 / 3" in found.compared[1]  # what was made otherwise


def test_a_data_set_that_papers_do_not_have_is_said(tmp_path: Path) -> None:
    found = answer(write_result(tmp_path / "own", {"test": 50.0}, data=described("my_videos")))
    assert found.compared[-1] == "The papers report no figures for my_videos in this protocol."


def test_tuning_is_compared_with_the_untuned_model(tmp_path: Path) -> None:
    found = answer(write_result(tmp_path / "tpt", {"test": 50.0}, model="ZeroShotCLIP", adapted=adaptation()))
    assert found.compared[1] == (
        "Without tuning top-1 is 48.0 %: tuning changes it by +2.0 points; it makes 30 more videos right and 10 wrong."
    )


def test_localization_has_its_thresholds(tmp_path: Path) -> None:
    found = answer(write_localization(tmp_path / "t3al"))
    assert found.what[0] == (
        "T3AL with tiny-coca searched 8 untrimmed videos of thumos14_untrimmed for 8 classes, in 2 draws of classes."
    )
    assert found.good == ["18.0 ± 0.0 % mAP.", "By threshold of temporal IoU: 20.0 % at 0.3, 19.0 % at 0.5."]


@pytest.mark.parametrize(
    ("losses", "state"),
    [((2.0,), "No: the training is unfinished; 1 of 2 epochs of training are done."),
     ((2.0, 1.0), "No: it was not tested; 2 of 2 epochs of training are done.")],
)  # fmt: skip
def test_a_training_alone_says_how_far_it_is(tmp_path: Path, losses: tuple[float, ...], state: str) -> None:
    found = answer(write_log(tmp_path / "fit", {"train/loss": losses, "val/top1": (25.0,)}))
    assert found.complete == [state]
    assert found.good == ["25.0 % top-1 of held-out clips in the last validation."]
    assert found.compared == ["Nothing yet."]


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"complete": False}, "No: only a part of the videos was tested"),
     ({"n_damaged_frames": 1200}, "1,200 damaged frames were accepted."),
     ({"sets": {"base": {"top1": 60.0, "n_listed": 4, "n_evaluated": 3, "n_failed": 1},
                "novel": {"top1": 50.0, "n_listed": 4, "n_evaluated": 4, "n_failed": 0}}},
      "Yes: all 8 videos count; 1 of them could not be decoded and count as wrong.")],
)  # fmt: skip
def test_what_is_missing_is_said(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    assert any(sentence.startswith(said) for sentence in answer(write_tested_run(tmp_path / "run", **changes)).complete)


def test_an_older_result_without_counts_is_an_answer(tmp_path: Path) -> None:
    found = answer(write_result(tmp_path / "old", {"test": 50.0}))
    assert found.complete == ["Yes, as the result says; how many videos were tested is not recorded."]


def test_predictions_without_labels_have_no_figure(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    changed_result(folder, ("sets",), {"predict": {"n_listed": 3, "n_evaluated": 2, "n_failed": 1}})
    changed_result(folder, ("harmonic_mean",), None)
    (folder / "results.json").rename(folder / "results_predict.json")
    found = answer(folder)
    assert found.what[0].startswith("ZeroShotCLIP with ViT-B-16-quickgelu predicted the actions in videos of ucf101")
    assert found.complete == ["No: 1 of 3 videos could not be decoded and are left out."]
    assert found.good == ["Unknown: the videos have no labels."]
    assert found.compared == ["Nothing: a prediction of unlabelled videos has no figures."]


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    assert answer(tmp_path).complete == ["No: there is nothing in the folder that can be read as a result."]


def test_the_best_of_several_runs_is_named_and_by_how_much(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / name, top1)) for name, top1 in (("a", 60.0), ("b", 90.0), ("c", 80.0))]
    found = answer_of_several(runs, None)
    assert found.what == ["3 runs: frozen CLIP with ViT-B-16-quickgelu on ucf101."]
    assert found.complete == ["Yes, all of them."]
    assert found.good[0] == "b is best: 84.7 % harmonic mean."
    assert found.compared[0] == "b is 10.0 points above c."
    assert "<strong>84.7</strong>" in runs_table(runs)
    assert "<strong>74.7</strong>" not in runs_table(runs)


def test_runs_with_other_figures_are_not_ranked(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / "clip")), read(write_localization(tmp_path / "t3al"))]
    assert "cannot be ranked" in answer_of_several(runs, None).good[0]
    assert "<strong>" not in runs_table(runs)


def test_an_incomplete_run_among_several_is_named_with_its_cause(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / "done")), read(write_log(tmp_path / "half", {"train/loss": (2.0,)}))]
    assert answer_of_several(runs, None).complete == [
        "1 of 2 are complete.",
        "half: No: the training is unfinished; 1 of 2 epochs of training are done.",
    ]


def test_what_could_not_be_read_is_in_the_opening(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    (folder / "results_validate.json").write_text("{")
    html = opening([read(folder)])
    assert "Not everything could be read" in html
    assert "results_validate.json" in html
