import pytest

from zsar.lightning_modules.command_line.pretrain_tiny_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["--steps", "3"])
    assert options.steps == 3


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["--steps", "3", "--not_there"])
    assert ended.value.code == 2
    assert "--not_there" in capsys.readouterr().err
