"""Command lines that are parsed, and whose model and data are instantiated, and that run nothing."""

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.fit_and_test import lightning_cli
from zsar.lightning_modules.command_line.fit_and_test.parsed_command import OnlyParsing, ReusedParser
from zsar.lightning_modules.experiments.experiment_files import with_read_experiments
from zsar.lightning_modules.open_clip_towers import open_clip_backbone


class ParsingCLI(ReusedParser):
    """Parses and instantiates model and data, and runs nothing."""

    def _open_run(self, model: type) -> None:
        pass  # nothing is written, and the checkpoints of the documents are not here

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        return Trainer(accelerator="cpu", devices=1, logger=False)

    def _run_subcommand(self, subcommand: str) -> None:
        pass


@cache
def parser_of(command: str) -> Any:
    """The parser of fit, validate, test or predict, as a command line makes it; built once in a process."""
    experiment = ROOT / "configs" / "experiment" / "t2l_video_folder.yaml"
    made = OnlyParsing.run_command([command, "--config", str(experiment)])
    assert made is not None
    return made.parser


def settings_of(command: str, arguments: Sequence[str]) -> Any:
    """What the parser of a command's own options makes of them, checked once.

    `zsar`'s parser hands them to it and goes through its result once more, which doubles the time;
    tests/test_what_is_written_runs.py compares the two.

    Args:
        command: fit, validate, test or predict.
        arguments: What follows the command, with files and their fragments, as typed.
    """
    own = parser_of(command)._subcommands_action.choices[command]
    with tempfile.TemporaryDirectory() as folder:
        return own.parse_args(with_read_experiments(arguments, Path(folder)))


def without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are built on the meta device and with no weights, which cannot be fetched here; in the repository."""
    original = open_clip_backbone.build_clip

    def untrained(architecture: str, weights: str | None, *, text_folder: str | None = None) -> Any:
        with torch.device("meta"):
            return original(architecture, "random", text_folder=text_folder)

    monkeypatch.setattr(open_clip_backbone, "build_clip", untrained)
    monkeypatch.setattr(lightning_cli, "check_accelerator", lambda *_: None)  # of another machine
    monkeypatch.chdir(ROOT)


def parsed(*arguments: str, subcommand: str = "fit") -> ParsingCLI:
    """What a command line makes."""
    with torch.device("meta"):
        cli = ParsingCLI.run_command([subcommand, *arguments])
    assert isinstance(cli, ParsingCLI)
    return cli


def configured(cli: ParsingCLI, key: str) -> object:
    """The value of a dotted key as it was parsed."""
    section, _, rest = key.partition(".")
    config = cli.config[cli.subcommand]
    found = config[f"{section}.init_args.{rest}" if section in ("model", "data", "adaptation") else key]
    # Of `Path | str` jsonargparse takes the one or the other, by the order in which it met unions of the two.
    return str(found) if isinstance(found, Path) else found
