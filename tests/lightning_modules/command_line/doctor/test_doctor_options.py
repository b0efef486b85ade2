from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.doctor.doctor_options import COMMAND


def test_settings_of_the_data_set_are_left_to_it() -> None:
    options = COMMAND.parse(["--data", "UCF101", "--hash", "--data.clips.n-frames", "16", "--config=a.yaml"])
    assert options.data_arguments == ("--data", "UCF101", "--data.clips.n_frames", "16", "--config", "a.yaml")
    assert (options.hash, options.stage, options.output) == (True, "all", Path("runs/doctor"))


@pytest.mark.parametrize(("text", "share"), [("all", 1.0), ("none", 0.0), ("0.25", 0.25)])
def test_the_share_to_decode(text: str, share: float) -> None:
    assert COMMAND.parse(["--data", "UCF101", "--decode", text]).share == share


@pytest.mark.parametrize("text", ["some", "1.5", "-1", "nan"])
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--decode must be all, none or a share .*; got '{text}'"):
        COMMAND.parse(["--data", "UCF101", f"--decode={text}"])


def test_a_negative_number_of_processes_is_refused() -> None:
    with pytest.raises(ValueError, match="--n_workers must be at least 0; got -1"):
        COMMAND.parse(["--data", "UCF101", "--n_workers=-1"])


def test_without_a_data_set_the_command_line_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["doctor", "--hash"])
    assert stopped.value.code == 2
    assert "--data is missing; for example `zsar doctor --data UCF101`" in capsys.readouterr().err


def test_the_help_names_the_data_sets_and_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--help"])
    printed = capsys.readouterr().out
    listed = " ".join(printed.split())
    assert "ActivityNet, HMDB51, HMDB51P, Kinetics400" in listed
    for option in ("--data", "--config", "--stage", "--decode", "--hash", "--n_workers", "--output"):
        assert f"  {option} " in printed, option
