from pathlib import Path

import pytest

from tests.makers.results.localization_results import write_localization
from tests.makers.results.recognition_results import write_result, write_several_labels
from tests.makers.results.run_folders import changed_result, write_log, write_tested_run
from zsar.lightning_modules.command_line.report.facts import run_facts
from zsar.lightning_modules.command_line.report.facts.run_facts import MainFigure, counts, epochs, main_figure
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, read_reported_run


def read(folder: Path) -> ReportedRun:
    return read_reported_run(folder, folder.name)


def test_a_test_is_known_by_its_figure(tmp_path: Path) -> None:
    assert main_figure(read(write_tested_run(tmp_path / "b2n"))) == MainFigure(
        "harmonic mean", pytest.approx(6000 / 110)
    )
    assert main_figure(read(write_result(tmp_path / "one", {"test": 52.9}))) == MainFigure("top-1", 52.9)
    located = main_figure(read(write_localization(tmp_path / "t3al", 20.0)))
    assert located is not None
    assert (located.name, located.value) == ("mAP", 18.0)
    assert main_figure(read(write_log(tmp_path / "fit"))) is None


def test_the_mean_over_draws_has_its_deviation(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "draws", {"a": 50.0, "b": 54.0}, mean={"top1": 52.0}, std={"top1": 2.83})
    assert str(main_figure(read(folder))) == "52.0 ± 2.8 % top-1"


def test_videos_are_counted_over_sets_and_classes_of_one_text_once(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run")
    found = counts(read(folder))
    assert (found.listed, found.evaluated, found.failed, found.distinct_classes) == (8, 8, 0, 4)
    changed_result(folder, ("class_text", "novel", "hash"), "text base")
    assert counts(read(folder)).distinct_classes == 2


def test_a_set_of_localization_is_counted_once(tmp_path: Path) -> None:
    assert counts(read(write_localization(tmp_path / "t3al"))).listed == 8


@pytest.mark.parametrize(("losses", "done"), [((2.0, 1.0), 2), ((2.0,), 1), ((), 0)])
def test_epochs_are_those_with_a_mean_loss(tmp_path: Path, losses: tuple[float, ...], done: int) -> None:
    assert epochs(read(write_log(tmp_path / "fit", {"train/loss": losses}))) == (done, 2)


def test_a_training_that_is_limited_otherwise_has_no_number_of_epochs_to_do(tmp_path: Path) -> None:
    assert epochs(read(write_log(tmp_path / "fit", max_epochs=-1))) == (2, None)
    assert epochs(read(write_tested_run(tmp_path / "run"))) is None


def test_names_are_those_of_papers_and_configurations(tmp_path: Path) -> None:
    config = {"config": ["configs/experiment/a.yaml", "configs/adaptation/tpt.yaml"], "seed_everything": 3}
    run = read(write_tested_run(tmp_path / "run", seed=7, config={**config, "model": {"init_args": {}}}))
    assert run_facts.method_name(run) == "frozen CLIP"
    assert run_facts.data_set(run) == "ucf101"
    assert run_facts.experiment(run) == "a"
    assert run_facts.seed(run) == 7
    assert run_facts.stages(run) == "tested"
    assert run_facts.architecture(run) == "ViT-B-16-quickgelu"


def test_a_training_alone_is_described_by_its_configuration(tmp_path: Path) -> None:
    data = {"class_path": "zsar.datamodules.data_sets.UCF101"}
    run = read(write_log(tmp_path / "fit", data=data, seed_everything=2))
    assert run_facts.method_name(run) == "T2L"
    assert run_facts.data_set(run) == "UCF101"
    assert run_facts.seed(run) == 2
    assert run_facts.stages(run) == "trained"
    assert run_facts.changed_at(run) is not None


def test_the_experiment_is_named_wherever_it_is_given(tmp_path: Path) -> None:
    for n, files in enumerate((["trainer/cpu.yaml", "experiment/b"], ["mine/c.yaml", "visualization/mistakes"])):
        run = read(write_tested_run(tmp_path / f"{n}", config={"config": files, "model": {}}))
        assert run_facts.experiment(run) == "bc"[n]


def test_videos_of_several_labels_are_known_by_mean_average_precision_over_classes(tmp_path: Path) -> None:
    run = read(write_several_labels(tmp_path / "run", 30.0))
    assert main_figure(run) == MainFigure("mAP over classes", 30.0)
    assert run_facts.protocol_name(run) == "several labels a video"
