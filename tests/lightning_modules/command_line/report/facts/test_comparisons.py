from pathlib import Path
from typing import Any

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import (
    adaptation,
    described,
    write_result,
    write_several_labels,
)
from tests.makers.results.run_folders import write_log, write_tested_run
from zsar.lightning_modules.command_line.report.facts.compared_runs import compared_rows
from zsar.lightning_modules.command_line.report.facts.comparisons import chance_level, published_figure, tuning_change
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def compared(folder: Path) -> list[str]:
    run = read(folder)
    rows, _ = compared_rows([run])
    return [*chance_level(run), *tuning_change(run), *published_figure(run, rows[0] if rows else None)]


def test_chance_is_the_mean_over_sets(tmp_path: Path) -> None:
    texts = {name: {"source": "names", "hash": name, "n_classes": n} for name, n in (("base", 10), ("novel", 40))}
    run = read(write_tested_run(tmp_path / "run", class_text=texts))
    assert chance_level(run) == ["Guessing among 10 to 40 classes gives 6.2 % top-1."]


def test_there_is_no_chance_level_where_nothing_was_scored_or_times_were(tmp_path: Path) -> None:
    assert chance_level(read(write_log(tmp_path / "fit"))) == []
    assert chance_level(read(write_localization(tmp_path / "t3al"))) == []


def test_localization_is_compared_by_the_mean_over_thresholds(tmp_path: Path) -> None:
    (sentence,) = compared(write_localization(tmp_path / "t3al"))
    assert "% mAP avg (T3AL Table" in sentence
    assert "draws 2 / 10" in sentence


def test_a_run_is_compared_with_the_published_figure_of_its_method(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"data": described("hmdb51"), "trained_on": described("kinetics400")}
    found = compared(write_result(tmp_path / "t2l", {"test": 53.1}, **settings))
    assert found[1].startswith("0.2 points above the published figure: T2L has 52.9 % top-1 (T2L Table 1")
    assert "folds 1 / 3" in found[1]  # what was made otherwise


def test_a_data_set_that_papers_do_not_have_is_said(tmp_path: Path) -> None:
    found = compared(write_result(tmp_path / "own", {"test": 50.0}, data=described("my_videos")))
    assert found[-1] == "The papers report no figures for my_videos in this protocol."


def test_tuning_is_compared_with_the_untuned_model(tmp_path: Path) -> None:
    found = compared(write_result(tmp_path / "tpt", {"test": 50.0}, model="ZeroShotCLIP", adapted=adaptation()))
    assert found[1] == (
        "Without tuning top-1 is 48.0 %: tuning changes it by +2.0 points; it makes 30 more videos right and 10 wrong."
    )


def test_a_harmonic_mean_is_compared_with_a_harmonic_mean(tmp_path: Path) -> None:
    found = compared(write_tested_run(tmp_path / "clip"))
    assert "CLIP has 70.3 % harmonic mean (T2L Table 2" in found[1]


def test_chance_of_average_precision_is_the_share_of_videos_of_each_class(tmp_path: Path) -> None:
    run = read(write_several_labels(tmp_path / "run", 30.0))
    assert chance_level(run) == ["A random order of the videos gives about 40.0 % mAP over classes."]
