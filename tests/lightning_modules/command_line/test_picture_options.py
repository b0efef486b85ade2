import pytest

from zsar.lightning_modules.command_line.picture_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["runs/a", "--output", "a.png"])
    assert options.count == 8


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["runs/a", "--output", "a.png", "--not_there"])
    assert ended.value.code == 2
    assert "--not_there" in capsys.readouterr().err
