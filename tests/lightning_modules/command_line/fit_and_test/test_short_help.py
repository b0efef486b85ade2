import argparse

import pytest

from zsar.lightning_modules.command_line.fit_and_test.lightning_cli import ActionRecognitionCLI
from zsar.lightning_modules.command_line.fit_and_test.short_help import EXPLAINED, OF_LIGHTNING, row, short_help

COMMANDS = ("fit", "validate", "test", "predict")


class Parsed(Exception):
    """Carries the parser of a command out of it."""


def parser_of(command: str, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    def parsed(cli: ActionRecognitionCLI, parser: argparse.ArgumentParser, args: object) -> None:
        raise Parsed(cli._subcommand_parsers[command])

    monkeypatch.setattr(ActionRecognitionCLI, "parse_arguments", parsed)
    with pytest.raises(Parsed) as caught:
        ActionRecognitionCLI.run_command([command, "--model", "T2L"])
    parser: argparse.ArgumentParser = caught.value.args[0]
    return parser


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_the_parser_is_explained_or_left_to_the_long_help(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [name for action in parser_of(command, monkeypatch)._actions for name in action.option_strings]
    of_parser = {name for name in names if name.startswith("--") and ("." not in name or name == "--help.all")}
    assert of_parser <= {*EXPLAINED, *OF_LIGHTNING}
    assert set(EXPLAINED) <= of_parser


@pytest.mark.parametrize("command", COMMANDS)
def test_the_parser_shows_the_same_help(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parser_of(command, monkeypatch).format_help() == short_help(command) + "\n"


def test_a_long_name_stands_above_its_explanation() -> None:
    assert row("--short", "what it is") == "  --short                 what it is"
    assert row("--a_very_long_option VALUE", "what").splitlines()[1].strip() == "what"
