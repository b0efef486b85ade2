from pathlib import Path

import pytest

from tests.makers.results.localization_results import write_localization
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


def test_localization_has_its_thresholds(tmp_path: Path) -> None:
    found = answer(write_localization(tmp_path / "t3al"))
    assert found.what[0] == (
        "T3AL with tiny-coca searched 8 untrimmed videos of thumos14_untrimmed for 8 classes, in 2 draws of classes."
    )
    assert found.good == [
        "18.0 ± 0.0 % mAP, mean and deviation over 2 draws of classes.",
        "By threshold of temporal IoU: 20.0 % at 0.3, 19.0 % at 0.5.",
    ]


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


def test_predictions_without_labels_have_no_figure(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    changed_result(folder, ("sets",), {"predict": {"n_listed": 3, "n_evaluated": 2, "n_failed": 1}})
    changed_result(folder, ("harmonic_mean",), None)
    (folder / "results.json").rename(folder / "results_predict.json")
    found = answer(folder)
    assert found.what[0].startswith("ZeroShotCLIP with ViT-B-16-quickgelu predicted the actions in videos of ucf101")
    assert found.complete == ["No: 1 of 3 videos could not be decoded and is left out."]
    assert found.good == ["Unknown: the videos have no labels."]
    assert found.compared == ["Nothing: a prediction of unlabelled videos has no figures."]


def test_the_best_of_several_runs_is_named_and_by_how_much(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / name, top1)) for name, top1 in (("a", 60.0), ("b", 90.0), ("c", 80.0))]
    found = answer_of_several(runs, None)
    assert found.what == ["3 runs: frozen CLIP with ViT-B-16-quickgelu on ucf101."]
    assert found.complete == ["Yes, all of them."]
    assert found.good[0] == "b is best: 84.7 % harmonic mean."
    assert found.compared[0] == "b is 10.0 points above c."
    assert "<strong>84.7</strong>" in runs_table(runs)
    assert "<strong>74.7</strong>" not in runs_table(runs)


def test_runs_of_one_figure_have_no_best(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / name)) for name in ("a", "b")]
    found = answer_of_several(runs, None)
    assert found.good == ["All have the same figure: 54.5 % harmonic mean."]
    assert found.compared == ["Guessing among 2 classes gives 50.0 % top-1."]


def test_runs_with_other_figures_are_not_ranked(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / "clip")), read(write_localization(tmp_path / "t3al"))]
    assert "cannot be ranked" in answer_of_several(runs, None).good[0]
    assert "<strong>" not in runs_table(runs)


def test_an_incomplete_run_among_several_is_named_with_its_cause(tmp_path: Path) -> None:
    runs = [read(write_tested_run(tmp_path / "done")), read(write_log(tmp_path / "half", {"train/loss": (2.0,)}))]
    assert answer_of_several(runs, None).complete == [
        "Complete: 1 of 2.",
        "half: No: the training is unfinished; 1 of 2 epochs of training are done.",
    ]


def test_what_could_not_be_read_is_in_the_opening(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    (folder / "results_validate.json").write_text("{")
    html = opening([read(folder)])
    assert "Not everything could be read" in html
    assert "results_validate.json" in html


def test_a_test_of_a_part_of_the_videos_says_how_many_and_is_not_the_best(tmp_path: Path) -> None:
    part = write_tested_run(tmp_path / "part", 90.0, complete=False)
    for name in ("base", "novel"):
        changed_result(part, ("sets", name, "n_evaluated"), 2)
    run, whole = read(part), read(write_tested_run(tmp_path / "whole", 60.0))
    assert answer(part).what[0].startswith("frozen CLIP with ViT-B-16-quickgelu was tested on ucf101 (base-to-novel): ")
    assert "4 of 8 videos" in answer(part).what[0]
    assert answer(part).complete == ["No: only 4 of 8 videos were tested, as a limit on batches was set."]
    assert "Not everything could be read" not in opening([run])
    assert answer_of_several([run, whole], None).good == ["whole: 54.5 % harmonic mean."]


def test_runs_of_other_videos_of_one_data_set_are_said_to_be_so(tmp_path: Path) -> None:
    folders = [write_tested_run(tmp_path / name, top1) for name, top1 in (("a", 60.0), ("b", 90.0))]
    changed_result(folders[1], ("data", "split_hash"), "others")
    compared = answer_of_several([read(folder) for folder in folders], None).compared
    assert compared[1] == "They were not tested on the same videos, so the comparison says little."
    assert not any("Guessing" in sentence for sentence in compared)


def test_the_seed_of_a_training_is_not_that_of_its_test(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run", seed=0)
    changed_result(folder, ("model", "trained_on"), {"data_set": "ucf101"})
    changed_result(folder, ("training",), {"seed": 3, "trainer": {"epochs_done": 4.0}})
    assert answer(folder).what[1].endswith("taken after 4 epochs. Seed 3 in training, 0 in the test.")
