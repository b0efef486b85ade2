import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.run_folders import changed_result, write_log, write_tested_run
from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.fit_and_test.parsed_command import parsed_config
from zsar.lightning_modules.command_line.report.facts.parsed_experiments import compared_config, plain_settings
from zsar.lightning_modules.command_line.report.facts.run_commands import RunCommand, commands_of
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run

EXPERIMENT = "configs/experiment/moving_shapes_t2l.yaml"


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def commands(folder: Path) -> list[RunCommand]:
    run = read_reported_run(folder, "run")
    return commands_of(run, compared_config(run))


def test_the_command_of_a_test_parses_to_the_settings_of_the_run(tmp_path: Path) -> None:
    """Values that a shell or YAML could take for something else: null, lists, texts with blanks and braces."""
    options = [
        *("--data.clips.augmentation.flip", "0.25", "--data.split.classes", "all", "--trainer.precision", "null"),
        *("--data.text.templates", '["{} on \'a\' stage: \\"x\\"", "{}"]', "--model.temporal_tokens", "none"),
        *("--model.optimization.betas", "[0.8, 0.9]", "--seed_everything", "5"),
    ]
    config: dict[str, Any] = json.loads(
        json.dumps(parsed_config(["test", "--config", EXPERIMENT, *options]), default=str)
    )
    folder = write_tested_run(tmp_path / "run", config={**config, "config": [EXPERIMENT]})
    line = shlex.split(commands(folder)[-1].line)
    assert line[:4] == ["zsar", "test", "--config", EXPERIMENT]
    again = parsed_config(line[1:])
    assert plain_settings(again) == plain_settings(config)
    assert again["run_dir"] == str(folder)


def test_the_kept_configuration_of_a_training_is_a_command(tmp_path: Path) -> None:
    folder = write_log(tmp_path / "run")
    (command,) = commands(folder)
    kept = folder / "csv" / "fit" / "config.yaml"
    assert shlex.split(command.line) == ["zsar", "fit", "--config", str(kept), "--run_dir", f"{folder}_again"]


@pytest.mark.parametrize(
    ("checkpoint", "given"), [("elsewhere/best.ckpt", "elsewhere/best.ckpt"), ("untrained weights", "none")]
)
def test_the_checkpoint_of_a_test_is_named(tmp_path: Path, checkpoint: str, given: str) -> None:
    folder = write_tested_run(tmp_path / "a run")
    changed_result(folder, ("model", "checkpoint"), checkpoint)
    write_log(folder, name="test")
    (command,) = commands(folder)
    assert shlex.split(command.line)[-2:] == ["--ckpt_path", given]


def test_a_folder_in_the_working_directory_is_named_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    (command,) = commands(tmp_path / "runs" / "a")
    assert command.line == "zsar fit --config runs/a/csv/fit/config.yaml --run_dir runs/a_again"


def test_a_run_that_kept_no_configuration_has_no_command(tmp_path: Path) -> None:
    assert commands(write_tested_run(tmp_path / "run")) == []
