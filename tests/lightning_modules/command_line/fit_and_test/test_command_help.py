import re

import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test.command_help import requested_list

OURS = ("--config", "--model", "--data", "--run_dir", "--ckpt_path", "--wandb", "--adaptation", "--seed_everything")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert stopped.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_the_help_leads_with_our_options_and_every_option_comes_on_request(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    short = shown(capsys, command, "--help")
    assert short.startswith(f"usage: zsar {command}")
    assert len(short.splitlines()) < 45
    assert all(len(line) <= 120 for line in short.splitlines())
    for option in (*OURS, f"zsar {command} --help.all", "max_epochs"):
        assert option in short
    whole = shown(capsys, command, "--help.all")
    assert "--trainer.accelerator" in whole
    for option in re.findall(r"^  (--[a-z_]+)(?= )", short, re.MULTILINE):
        assert option in whole


def test_what_there_is_is_listed_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    models = shown(capsys, "fit", "--model.help")
    for name in ("T2L", "APCLIP", "ZeroShotCLIP", "`zsar fit --model.help APCLIP`"):
        assert name in models
    assert "T3AL" not in models  # it is not trained
    assert "T3AL" in shown(capsys, "test", "--model.help")
    assert "VideoFolder" in shown(capsys, "fit", "--data.help", "--trainer.max_epochs", "3")
    assert "UntrimmedFiles" in shown(capsys, "test", "--data.help")
    assert "UCF101" in shown(capsys, "doctor", "--data.help")
    adaptations = shown(capsys, "test", "--adaptation.help")
    assert "PromptTuning" in adaptations
    assert "configs/adaptation/zar.yaml" in adaptations


def test_a_class_that_is_named_is_explained_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    assert requested_list(["fit", "--model.help", "T2L"]) is None
    assert "--model.temporal_tokens" in shown(capsys, "fit", "--model.help", "T2L")
