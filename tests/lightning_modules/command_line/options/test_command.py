from dataclasses import dataclass

import pytest

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import option


@dataclass(frozen=True)
class Options:
    """Of a command with one option."""

    count: int = option(3, "how many", metavar="N", at_least=1)


def test_a_command_parses_what_it_is_given_or_the_real_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    command = Command("count", Options, description="Counts.")
    assert command.parse([]) == Options(count=3)
    assert command.parse(["--count", "4"]) == Options(count=4)
    monkeypatch.setattr("sys.argv", ["zsar", "count", "--count", "5"])
    assert command.parse(None) == Options(count=5)


def test_an_error_begins_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Command("count", Options, description="Counts.").parse(["--number", "3"])
    assert capsys.readouterr().err.startswith("zsar count: error: there is no option --number")
