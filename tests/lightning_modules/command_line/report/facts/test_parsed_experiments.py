from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.run_folders import write_log, write_tested_run
from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.fit_and_test.parsed_command import parsed_config
from zsar.lightning_modules.command_line.report.facts.parsed_experiments import (
    ABSENT,
    Difference,
    _differs,
    compared_config,
    plain_settings,
    shortened,
)
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run

EXPERIMENT = "configs/experiment/moving_shapes_t2l.yaml"


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def config_of(*options: str) -> dict[str, Any]:
    """The configuration that a test with these options records."""
    return {**parsed_config(["test", "--config", EXPERIMENT, *options]), "config": [EXPERIMENT]}


def test_a_run_of_its_experiment_has_no_differences(tmp_path: Path) -> None:
    folder = write_tested_run(tmp_path / "run", config=plain(config_of("--run_dir", "elsewhere")))
    compared = compared_config(read_reported_run(folder, "run"))
    assert compared.problem is None
    assert compared.differences == ()
    assert compared.settings["model.temporal_tokens"] == "all"


def plain(config: dict[str, Any]) -> dict[str, Any]:
    import json

    content: dict[str, Any] = json.loads(json.dumps(config, default=str))
    return content


def test_what_the_command_line_changed_is_a_difference_and_a_default_is_none(tmp_path: Path) -> None:
    options = ("--model.temporal_tokens", "none", "--data.clips.augmentation.flip", "0.25", "--trainer.max_epochs", "2")
    folder = write_tested_run(tmp_path / "run", config=plain(config_of(*options)))
    compared = compared_config(read_reported_run(folder, "run"))
    assert set(compared.differences) == {
        Difference("model.temporal_tokens", "all", "none"),
        Difference("data.clips.augmentation.flip", "0.0", "0.25"),
        Difference("trainer.max_epochs", "16", "2"),
    }


def test_a_setting_that_one_side_lacks_is_a_difference(tmp_path: Path) -> None:
    config = plain(config_of())
    del config["model"]["init_args"]["temporal_tokens"]
    folder = write_tested_run(tmp_path / "run", config=config)
    (difference,) = compared_config(read_reported_run(folder, "run")).differences
    assert difference == Difference("model.temporal_tokens", "all", ABSENT)


@pytest.mark.parametrize(
    ("files", "problem"),
    [(None, "which configuration files were given: not recorded"), (["none/there"], "none/there: no such file"),
     (["configs/sweeps/ablation.yaml"], "cannot be parsed any more")],
)  # fmt: skip
def test_an_experiment_that_cannot_be_read_is_a_problem_not_an_error(
    tmp_path: Path, files: list[str] | None, problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    config = {"model": {"class_path": "T2L"}, **({"config": files} if files else {})}
    compared = compared_config(read_reported_run(write_tested_run(tmp_path / "run", config=config), "run"))
    assert compared.differences == ()
    assert problem in str(compared.problem)
    assert compared.settings == {"model.class_path": "T2L"}
    assert capfd.readouterr().err == ""  # the parser's message is in the problem


def test_a_training_alone_keeps_its_settings(tmp_path: Path) -> None:
    compared = compared_config(read_reported_run(write_log(tmp_path / "fit"), "fit"))
    assert compared.settings["trainer.max_epochs"] == "2"


def test_settings_are_named_as_options_without_folders_and_private_entries() -> None:
    config = {
        "run_dir": "x",
        "trainer": {"default_root_dir": "x", "callbacks": None},
        "data": {"class_path": "UCF101", "init_args": {"split": {"fold": 1}, "_private": 2}},
        "model": {"init_args": {"architecture": "ViT-B-16"}},  # where it stood before
    }
    assert plain_settings(config) == {
        "trainer.callbacks": "null",
        "data.class_path": "UCF101",
        "data.split.fold": "1",
        "model.backbone.architecture": "ViT-B-16",
    }


def test_a_long_value_is_shortened_with_its_length() -> None:
    assert shortened("a" * 400) == f"{'a' * 300} … (400 characters)"


def test_an_option_of_a_later_version_that_is_not_set_is_no_difference() -> None:
    assert not _differs(Difference("wandb_group", "null", ABSENT))
    assert _differs(Difference("wandb_checkpoints", "false", ABSENT))
    assert _differs(Difference("trainer.logger", "null", "false"))
