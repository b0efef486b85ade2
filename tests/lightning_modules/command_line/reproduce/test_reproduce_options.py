import pytest

from zsar.lightning_modules.command_line.reproduce.reproduce_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["--list"])
    assert options.list


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["--list", "--not_there"])
    assert ended.value.code == 2
    assert "--not_there" in capsys.readouterr().err
