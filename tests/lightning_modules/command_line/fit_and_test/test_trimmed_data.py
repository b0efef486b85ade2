import contextlib
from pathlib import Path

import pytest

from zsar.datamodules.choices.data_set_names import TRIMMED_DATA_SETS
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test.trimmed_data import built_data


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_of_an_experiment_only_the_data_are_used(tmp_path: Path) -> None:
    write(tmp_path / "data/ucf.yaml", "class_path: UCF101\ninit_args:\n  split:\n    fold: 2\n    shots: 4\n")
    content = "model: NoSuchModel\ndata: ../data/ucf.yaml\ndata.split.shots: 8\ntrainer.max_epochs: 3\n"
    experiment = write(tmp_path / "experiment/some.yaml", content)
    split = built_data([f"--config={experiment}"], command="doctor").split
    assert (split.fold, split.shots) == (2, 8)
    split = built_data(["--config", str(experiment), "--data.split.shots", "16"], command="doctor").split
    assert (split.fold, split.shots) == (2, 16)


def test_an_experiment_may_hold_its_data_itself(tmp_path: Path) -> None:
    content = (
        "data:\n  class_path: UCF101\n  init_args:\n    split: {fold: 3}\n    text: {templates: ['a {}', 'b {}']}\n"
    )
    module = built_data(["--config", str(write(tmp_path / "some.yaml", content))], command="doctor")
    assert module.split.fold == 3
    assert module.text.templates == ["a {}", "b {}"]
    named = write(tmp_path / "named.yaml", "data: UCF101\n")
    assert isinstance(built_data(["--config", str(named)], command="doctor"), UCF101)


def test_config_files_without_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="some.yaml describes no data: it has no key `data`"):
        built_data(["--config", str(write(tmp_path / "some.yaml", "model: x\n"))], command="doctor")
    with pytest.raises(FileNotFoundError, match="there is no config file"):
        built_data(["--config", str(tmp_path / "nowhere.yaml")], command="doctor")


def test_published_lists_are_appended_as_in_training() -> None:
    configs = Path(__file__).parents[4] / "configs"
    experiment, lists = "t2l_base_to_novel_ucf101.yaml", "vifi_clip_base_to_novel_ucf101.yaml"
    module = built_data(
        ["--config", str(configs / "experiment" / experiment), "--config", str(configs / "lists" / lists)],
        command="doctor",
    )
    assert isinstance(module, UCF101)
    assert (module.split.protocol, module.split.shots) == ("base_to_novel", None)
    assert module.lists.novel is not None


@pytest.mark.parametrize("command", ["doctor", "embed"])
@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--data.help"], TRIMMED_DATA_SETS),
        (["--data.help", "UCF101"], ["--data.split.fold"]),
        (["--data.help=VideoFolder"], ["--data.train"]),
    ],
)
def test_data_sets_and_their_settings_are_explained_without_any_other_option(
    command: str, arguments: list[str], shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, *arguments])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    for words in shown:
        assert words in printed


@pytest.mark.parametrize("command", ["doctor", "embed"])
def test_a_setting_that_a_data_set_lacks_is_answered_with_where_they_are_listed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        built_data(["--data", "UCF101", "--data.clips.n_frame", "8"], command=command)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "did you mean --data.clips.n_frames" in error
    assert f"`zsar {command} --data.help UCF101` lists its options" in error


@pytest.mark.parametrize("command", ["doctor", "embed"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["--config", "experiment/t3al_thumos14_50_50"],
        ["--data", "configs/data/thumos14_untrimmed.yaml"],
        ["--data", "UntrimmedFiles"],
        ["--data.class_path=zsar.datamodules.data_sets.UntrimmedFiles"],
    ],
)
def test_a_data_set_of_untrimmed_videos_is_said_to_be_one(command: str, arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=rf"has untrimmed videos, but zsar {command} takes .*--data\.help"):
        built_data(arguments, command=command)


@pytest.mark.parametrize("value", ['{"', '{"class_path": 3', "{class_path: UntrimmedFiles", "{}", '{"a": 1}', "null"])
def test_settings_that_are_no_data_set_are_told_in_one_line(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        assert main(["doctor", "--data", value]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "options.yaml" not in error, "the name of a file that nobody has given"
