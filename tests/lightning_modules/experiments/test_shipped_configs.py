import os
from pathlib import Path

import pytest

from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.experiments.shipped_configs import (
    SHIPPED,
    configs_in,
    is_config_name,
    located,
    nowhere,
    shipped_names,
    with_located_configs,
)

T2L = SHIPPED / "experiment" / "t2l_video_folder.yaml"


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, which holds nothing."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: str, text: str = "seed_everything: 0\n") -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return Path(path)


@pytest.mark.parametrize("prefix", ["", "configs/", "./", "./configs/"])
@pytest.mark.parametrize("suffix", ["", ".yaml"])
def test_an_empty_folder_has_the_configurations_that_are_installed(prefix: str, suffix: str) -> None:
    assert located(f"{prefix}experiment/t2l_video_folder{suffix}") == T2L
    assert T2L.is_file()


@pytest.mark.parametrize(
    "own",
    ["experiment/t2l_video_folder.yaml", "configs/experiment/t2l_video_folder.yaml", "experiment/t2l_video_folder"],
)
def test_the_working_directory_comes_first(own: str) -> None:
    path = written(own)
    assert located("experiment/t2l_video_folder") == path


def test_a_folder_is_no_configuration() -> None:
    """`data/ucf101` is where the videos of a data set usually lie."""
    Path("data/ucf101").mkdir(parents=True)
    assert located("data/ucf101") == SHIPPED / "data" / "ucf101.yaml"
    assert located("data") is None


def test_what_is_no_file_but_is_there_is_left_to_who_reads_it(empty: Path) -> None:
    os.mkfifo(empty / "pipe.yaml")
    assert located("pipe") == Path("pipe.yaml")


@pytest.mark.parametrize(
    "name",
    ["/experiment/t2l_video_folder.yaml", "x/../experiment/t2l_video_folder", "../../experiment/x", "..", "", "nope"],
)
def test_other_names_are_looked_for_where_they_say(name: str) -> None:
    assert located(name) is None


def test_a_file_of_the_user_s_may_point_to_what_is_installed() -> None:
    data = "class_path: zsar.datamodules.data_sets.VideoFolder\ninit_args: {train: mine}\n"
    written("mine/data/own.yaml", data)
    written("mine/data/ucf101.yaml", data)
    for model, own in (("../model/t2l.yaml", "../data/own"), ("model/t2l", "configs/data/ucf101.yaml")):
        experiment = written("mine/experiment/mine.yaml", f"model: {model}\ndata: {own}\ntrainer: trainer/cpu\n")
        read = read_experiment(experiment)
        assert read["model"]["class_path"] == "zsar.lightning_modules.t2l.T2L"
        assert read["trainer"]["accelerator"] == "cpu"
    assert read["data"]["class_path"].endswith("UCF101")  # mine/experiment/configs/data/ucf101.yaml is not there
    written("mine/experiment/configs/data/ucf101.yaml", data)
    assert read_experiment(experiment)["data"]["init_args"] == {"train": "mine"}


def test_a_copy_of_an_experiment_is_the_experiment() -> None:
    assert read_experiment(written("copied/exp.yaml", T2L.read_text())) == read_experiment(T2L)


def test_a_command_line_names_files_and_says_which_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    written("own.yaml")
    typed = ["fit", "--config=experiment/t2l_video_folder", "--config", "own", "--data", "VideoFolder", "--trainer"]
    located_line = with_located_configs([*typed, "trainer/cpu", "--model", "{class_path: a/b}"])
    cpu = SHIPPED / "trainer" / "cpu.yaml"
    assert located_line[1:5] == ["--config", str(T2L), "--config", "own.yaml"]
    assert located_line[5:] == ["--data", "VideoFolder", "--trainer", str(cpu), "--model", "{class_path: a/b}"]
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        f"--config experiment/t2l_video_folder: {T2L}, which is installed with zsar",
        f"--trainer trainer/cpu: {cpu}, which is installed with zsar",
    ]
    assert said.out == ""


def test_one_process_of_several_says_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert with_located_configs(["--config", "trainer/cpu"])[1].endswith("cpu.yaml")
    assert capsys.readouterr().err == ""


def test_a_name_that_no_file_has_is_left_as_it_is() -> None:
    typed = ["fit", "--config", "experiment/nope", "--data", "data/nope", "--trainer", "nope"]
    assert with_located_configs(typed) == typed


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("experiment/t2l_video_folde", "experiment/t2l_video_folder"),
        ("configs/model/t2.yaml", "configs/model/t2l.yaml"),
        ("../data/ucf10.yaml", "../data/ucf101.yaml"),
        ("t2l_video_folder", "experiment/t2l_video_folder"),
        ("own/mime.yaml", "own/mine.yaml"),
    ],
)
def test_where_there_is_no_file_both_places_and_near_names_are_said(name: str, near: str, empty: Path) -> None:
    written("own/mine.yaml")
    said = nowhere(name)
    assert said.startswith(f" in {empty} or among the configurations of zsar ({SHIPPED}); did you mean {near}")
    assert said.endswith("?")


def test_a_path_that_cannot_be_zsar_s_is_compared_with_its_neighbours(empty: Path) -> None:
    written("mine.yaml")
    assert nowhere(str(empty / "mime.yaml")) == f"; did you mean {empty / 'mine.yaml'}?"
    assert nowhere("/nowhere/at/all.yaml") == ""


def test_the_configurations_of_a_folder_are_those_of_zsar_and_of_the_working_directory() -> None:
    own = written("configs/adaptation/mine.yaml")
    of_tpt = written("configs/adaptation/tpt.yaml")
    there = configs_in("adaptation")
    assert there["configs/adaptation/zar.yaml"] == SHIPPED / "adaptation" / "zar.yaml"
    assert there["configs/adaptation/mine.yaml"] == own
    assert there["configs/adaptation/tpt.yaml"] == of_tpt


@pytest.mark.parametrize("value", ["a.yaml", "a.yml", "a.json", "data/ucf101", "./x"])
def test_a_fragment_is_told_by_its_suffix_or_folder(value: str) -> None:
    assert is_config_name(value)


@pytest.mark.parametrize("value", ["UCF101", "zsar.datamodules.data_sets.UCF101", "null", "{class_path: a/b}", "[a/b]"])
def test_a_class_is_no_fragment(value: str) -> None:
    assert not is_config_name(value)


def test_shipped_names_are_those_of_the_files_without_suffix_wherever_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs" / "adaptation").mkdir(parents=True)
    (tmp_path / "configs" / "adaptation" / "mine.yaml").touch()
    monkeypatch.chdir(tmp_path)
    names = shipped_names("adaptation")
    assert {"tpt", "dts_tpt", "zar"} <= set(names)
    assert "mine" not in names
    assert all(located(f"adaptation/{name}") == SHIPPED / "adaptation" / f"{name}.yaml" for name in names)
