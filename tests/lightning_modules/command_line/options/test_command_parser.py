import pytest

from zsar.lightning_modules.command_line.options.command_parser import CommandParser


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    parser = CommandParser(prog="zsar paint")
    parser.add_argument("--colour", type=int)
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(arguments)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_a_part_of_an_option_is_no_option_and_the_nearest_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(capsys, "--colou", "3")
    assert said == (
        "zsar paint: error: there is no option --colou; did you mean --colour? `zsar paint --help` lists the options\n"
    )


def test_an_option_like_no_other_and_a_wrong_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "--zzz") == (
        "zsar paint: error: there is no option --zzz; `zsar paint --help` lists the options\n"
    )
    assert "--colour: invalid int value: 'red'; `zsar paint" in complaint(capsys, "--colour", "red")
