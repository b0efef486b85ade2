from pathlib import Path

import pytest

from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.doctor.doctor_options import COMMAND
from zsar.lightning_modules.command_line.doctor.requested_check import RequestedCheck, requested_check


def requested(*arguments: str) -> RequestedCheck:
    return requested_check(COMMAND.parse(arguments))


def test_a_data_set_is_given_by_its_short_name_and_settings() -> None:
    options = requested("--data", "UCF101", "--data.split.fold", "2", "--data.clips.n_frames", "16")
    assert isinstance(options.module, UCF101)
    assert (options.module.split.fold, options.module.clips.n_frames) == (2, 16)
    assert options.stages == ("fit", "test")
    assert (options.share, options.compare_contents, options.output) == (1.0, False, Path("runs/doctor"))
    assert options.n_workers >= 1


def test_a_data_set_for_testing_is_not_checked_for_training() -> None:
    assert requested("--data", "UCF101DS").stages == ("test",)
    assert requested("--data", "UCF101", "--stage", "fit").stages == ("fit",)
    with pytest.raises(ValueError, match="UCF101DS is for testing only: --stage fit leaves nothing to check"):
        requested("--data", "UCF101DS", "--stage", "fit")


def test_an_unknown_data_set_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["doctor", "--data", "UCF102"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert "UCF102" in error
    assert "usage" not in error
