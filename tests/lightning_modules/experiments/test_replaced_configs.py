"""Tests of `replaced_configs`."""

from __future__ import annotations

import shlex

import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.experiments.replaced_configs import REPLACED_CONFIGS, replaced_config
from zsar.lightning_modules.experiments.shipped_configs import located


@pytest.mark.parametrize(("removed", "options"), REPLACED_CONFIGS.items())
def test_what_replaces_a_removed_configuration_exists(removed: str, options: str) -> None:
    assert located(f"configs/{removed}.yaml") is None
    named = [word for word in shlex.split(options) if word.startswith("configs/")]
    assert named
    assert all(located(name) is not None for name in named)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("configs/model/t3al_reference.yaml", "--model configs/model/t3al_authors.yaml"),
        ("t2l_reference", "--model configs/model/t2l_authors.yaml"),
        ("../model/t2l_reference.yaml", "--model configs/model/t2l_authors.yaml"),
        ("reference", None),
        ("configs/model/t3al.yaml", None),
    ],
)
def test_a_name_may_be_spelled_in_several_ways(name: str, options: str | None) -> None:
    assert replaced_config(name) == options


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--config", "configs/experiment/ap_clip_ablation_single_prompt_hmdb51.yaml"),
            "--config configs/experiment/ap_clip_ablation_single_prompt_hmdb51.yaml: there is no such file any more; "
            "it was replaced by --config configs/experiment/ap_clip_zero_shot_hmdb51.yaml --config "
            "configs/ablation/ap_clip_without_maka.yaml --config configs/ablation/ap_clip_text_single.yaml",
        ),
        (
            ("--model", "configs/model/t3al_reference.yaml", "--data", "UntrimmedShapes"),
            "--model configs/model/t3al_reference.yaml: there is no such file any more; it was replaced by --model "
            "configs/model/t3al_authors.yaml",
        ),
    ],
)
def test_a_command_with_a_removed_configuration_says_what_replaces_it(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["test", *arguments])
    assert capsys.readouterr().err.strip() == f"zsar test: error: {message}"
