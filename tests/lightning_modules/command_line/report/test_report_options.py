from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.report.report_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["runs/a", "runs/b", "--output", "a.html"])
    assert options.runs == (Path("runs/a"), Path("runs/b"))
    assert options.output == Path("a.html")
    assert not options.replacing.force


def test_the_page_has_a_default_place() -> None:
    assert COMMAND.parse(["runs/a"]).output is None


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["runs/a", "--outptu", "a.html"])
    assert ended.value.code == 2
    assert "--output" in capsys.readouterr().err
