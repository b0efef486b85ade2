import pytest

from zsar.lightning_modules.command_line.batch.batch_options import COMMAND


def test_a_command_line_is_read() -> None:
    options = COMMAND.parse(["list.txt", "--dry_run"])
    assert options.dry_run


def test_a_mistyped_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMAND.parse(["list.txt", "--dry_run", "--not_there"])
    assert ended.value.code == 2
    assert "--not_there" in capsys.readouterr().err
