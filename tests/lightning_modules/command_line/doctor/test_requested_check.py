from pathlib import Path

import pytest

from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.doctor.doctor_options import parse_options


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_data_set_is_given_by_its_short_name_and_settings() -> None:
    options = parse_options(["--data", "UCF101", "--data.split.fold", "2", "--data.clips.n_frames", "16"])
    assert isinstance(options.module, UCF101)
    assert (options.module.split.fold, options.module.clips.n_frames) == (2, 16)
    assert options.stages == ("fit", "test")
    assert (options.share, options.compare_contents, options.output) == (1.0, False, Path("runs/doctor"))
    assert options.n_workers >= 1


def test_of_an_experiment_only_the_data_are_used(tmp_path: Path) -> None:
    write(tmp_path / "data/ucf.yaml", "class_path: UCF101\ninit_args:\n  split:\n    fold: 2\n    shots: 4\n")
    content = "model: NoSuchModel\ndata: ../data/ucf.yaml\ndata.split.shots: 8\ntrainer.max_epochs: 3\n"
    experiment = write(tmp_path / "experiment/some.yaml", content)
    split = parse_options([f"--config={experiment}"]).module.split
    assert (split.fold, split.shots) == (2, 8)
    split = parse_options(["--config", str(experiment), "--data.split.shots", "16"]).module.split
    assert (split.fold, split.shots) == (2, 16)


def test_an_experiment_may_hold_its_data_itself(tmp_path: Path) -> None:
    content = (
        "data:\n  class_path: UCF101\n  init_args:\n    split: {fold: 3}\n    text: {templates: ['a {}', 'b {}']}\n"
    )
    module = parse_options(["--config", str(write(tmp_path / "some.yaml", content))]).module
    assert module.split.fold == 3
    assert module.text.templates == ["a {}", "b {}"]
    named = write(tmp_path / "named.yaml", "data: UCF101\n")
    assert isinstance(parse_options(["--config", str(named)]).module, UCF101)


def test_config_files_without_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="some.yaml describes no data: it has no key `data`"):
        parse_options(["--config", str(write(tmp_path / "some.yaml", "model: x\n"))])
    with pytest.raises(FileNotFoundError, match="there is no config file"):
        parse_options(["--config", str(tmp_path / "nowhere.yaml")])


@pytest.mark.parametrize(("text", "share"), [("all", 1.0), ("none", 0.0), ("0.25", 0.25)])
def test_the_share_to_decode(text: str, share: float) -> None:
    assert parse_options(["--data", "UCF101", "--decode", text]).share == share


@pytest.mark.parametrize("text", ["some", "1.5", "-1", "nan"])
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--decode must be all, none or a share .*; got '{text}'"):
        parse_options(["--data", "UCF101", f"--decode={text}"])


def test_a_negative_number_of_processes_is_refused() -> None:
    with pytest.raises(ValueError, match="--n_workers must be at least 0; got -1"):
        parse_options(["--data", "UCF101", "--n_workers=-1"])


def test_a_data_set_for_testing_is_not_checked_for_training() -> None:
    assert parse_options(["--data", "UCF101DS"]).stages == ("test",)
    assert parse_options(["--data", "UCF101", "--stage", "fit"]).stages == ("fit",)
    with pytest.raises(ValueError, match="UCF101DS is for testing only: --stage fit leaves nothing to check"):
        parse_options(["--data", "UCF101DS", "--stage", "fit"])


def test_an_unknown_data_set_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["doctor", "--data", "UCF102"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "UCF102" in error
    assert "usage" not in error


def test_the_help_names_the_data_sets_and_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    printed = capsys.readouterr().out
    assert "ActivityNet, HMDB51, HMDB51P, Kinetics400" in printed
    for option in ("--data", "--config", "--stage", "--decode", "--hash", "--n_workers", "--output"):
        assert f"  {option} " in printed, option


def test_published_lists_are_appended_as_in_training() -> None:
    configs = Path(__file__).parents[4] / "configs"
    experiment, lists = "t2l_base_to_novel_ucf101.yaml", "vifi_clip_base_to_novel_ucf101.yaml"
    options = parse_options(
        ["--config", str(configs / "experiment" / experiment), "--config", str(configs / "lists" / lists)]
    )
    assert isinstance(options.module, UCF101)
    assert (options.module.split.protocol, options.module.split.shots) == ("base_to_novel", None)
    assert options.module.lists.novel is not None
