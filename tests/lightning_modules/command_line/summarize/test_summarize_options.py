import pytest

from zsar.lightning_modules.command_line.summarize.summarize_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["runs/a", "runs/b"])
    assert len(options.runs) == 2


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["runs/a", "runs/b", "--not_there"])
    assert ended.value.code == 2
    assert "--not_there" in capsys.readouterr().err
