import argparse
from collections.abc import Iterator

import pytest
from lightning.pytorch import Trainer

from zsar.lightning_modules.command_line import cli
from zsar.lightning_modules.command_line.fit_and_test.brief_parser import BriefErrors, BriefParser
from zsar.lightning_modules.command_line.options.command_parser import CommandParser


class Made(Exception):
    """Carries a command's parser out of the command."""


def parser_of(command: str, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """The parser that a command parses with, caught before it does."""
    made: list[argparse.ArgumentParser] = []

    def parse_args(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        made.append(self)
        raise Made

    for kind in (CommandParser, BriefErrors, argparse.ArgumentParser):
        monkeypatch.setattr(kind, "parse_args", parse_args)
    with pytest.raises(Made):
        cli.main([command, "--model", "T2L"])
    return made[0]


def parsers_within(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_no_command_takes_an_option_by_a_part_of_its_name(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for parser in parsers_within(parser_of(command, monkeypatch)):
        assert isinstance(parser, CommandParser | BriefErrors)
        assert parser.allow_abbrev is False


def test_the_settings_of_a_class_are_not_abbreviated_either(capsys: pytest.CaptureFixture[str]) -> None:
    experiment = ["fit", "--config", "configs/experiment/moving_shapes_t2l.yaml"]
    with pytest.raises(SystemExit):
        cli.main([*experiment, "--data.clips.n_frame", "3"])
    assert "no option --data.clips.n_frame; did you mean --data.clips.n_frames" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--data.loading.n-workers", "--data.loading.n_workers", "--model.n-frames"])
@pytest.mark.parametrize("command", ["fit", "test"])
def test_both_spellings_of_a_nested_option_are_one(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = [command, "--config", "configs/experiment/moving_shapes_t2l.yaml", "--run-dir", "runs/none"]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*experiment, option, "7", "--print-config"])
    assert stopped.value.code == 0
    printed = capsys.readouterr().out
    assert f"  {option.rpartition('.')[2].replace('-', '_')}: 7\n" in printed
    assert "run_dir: runs/none\n" in printed


def test_a_parser_within_another_raises_and_one_of_a_program_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(argparse.ArgumentError, match="--nothing"):
        BriefParser(exit_on_error=False).parse_args(["--nothing"])
    with pytest.raises(SystemExit) as stopped:
        BriefParser(prog="zsar doctor").parse_args(["--nothing"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("zsar doctor: error: there is no option --nothing")


def test_the_whole_error_is_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_TRACEBACK", "1")
    with pytest.raises(argparse.ArgumentError, match="--nothing"):
        BriefParser(prog="zsar doctor").parse_args(["--nothing"])


def test_a_limit_of_one_is_a_batch_whatever_typing_has_seen_before() -> None:
    class LimitedTrainer(Trainer):
        def __init__(self, limit: float | int | None = None, share: float = 0.5) -> None: ...

    parser = BriefParser()
    parser.add_lightning_class_args(LimitedTrainer, "trainer")
    parsed = parser.parse_args(["--trainer.limit", "1", "--trainer.share", "1"])
    assert isinstance(parsed.trainer.limit, int)
    assert isinstance(parsed.trainer.share, float)
    assert parser.parse_args(["--trainer.limit", "0.5"]).trainer.limit == 0.5
