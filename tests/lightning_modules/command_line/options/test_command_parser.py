import pytest

from zsar.lightning_modules.command_line.options.command_parser import CommandParser, option_names


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    parser = CommandParser(prog="zsar paint")
    parser.add_argument("--colour", type=int)
    parser.add_argument("--n_walls", type=int, required="--n_walls" not in arguments and "wall" in arguments)
    parser.add_argument("walls", nargs="*", metavar="WALL")
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
    assert len(complaint(capsys, "--colour", "red").splitlines()) == 1


def test_an_option_is_taken_in_both_spellings_and_an_unknown_one_is_shown_as_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = CommandParser(prog="zsar paint")
    parser.add_argument("--n_walls", type=int)
    for typed in (["--n-walls", "3"], ["--n_walls", "3"], ["--n-walls=3"]):
        assert parser.parse_args(typed).n_walls == 3
    assert "there is no option --n-wall; did you mean --n_walls?" in complaint(capsys, "--n-wall", "3")


def test_a_word_that_belongs_to_no_option_is_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        CommandParser(prog="zsar paint").parse_args(["red wall"])
    sentence = "zsar paint: error: 'red wall' belongs to no option; `zsar paint --help` lists the options\n"
    assert capsys.readouterr().err == sentence


def test_what_is_missing_is_named_as_it_is_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the following arguments are required: --n_walls; " in complaint(capsys, "wall")


def test_the_names_of_options_are_listed() -> None:
    parser = CommandParser(prog="zsar paint")
    parser.add_argument("--colour", "-c")
    parser.add_argument("wall")
    assert option_names(parser) == ["--help", "--colour"]
