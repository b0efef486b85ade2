import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.profile.profile_options import COMMAND, PARTS


def test_settings_are_left_to_their_parser_in_one_spelling() -> None:
    line = ["a+b", "c", "--model", "T2L", "--model.n-frames=16", "--repeats", "3", "--trainer.precision", "16-mixed"]
    options = COMMAND.parse([*line, "-c", "x.yaml", "--random-weights"])
    assert options.experiments == options.row_experiments == ("a+b", "c")
    assert options.settings == (
        *("--model", "T2L", "--model.n_frames", "16", "--trainer.precision", "16-mixed", "--config", "x.yaml"),
    )
    assert (options.repeats, options.random_weights, options.parts) == (3, True, PARTS)
    assert (options.frame_numbers, options.states_parts) == ((None,), False)


def test_without_an_experiment_the_settings_are_the_only_row() -> None:
    assert COMMAND.parse(["--model", "T2L"]).row_experiments == ("",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "give an experiment, or --model NAME; for example `zsar profile --model T2L`"),
        (["--model"], "--model: expected one argument"),
        (["--model.help", "T2L"], "--model.help is answered by `zsar test --model.help NAME`"),
        (["--not_there"], "there is no option --not_there"),
    ],
)
def test_a_wrong_line_is_said_in_one(line: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["profile", *line])
    said = capsys.readouterr().err
    assert (stopped.value.code, len(said.splitlines())) == (2, 1)
    assert message in said


def test_parts_are_in_one_order_and_known() -> None:
    options = COMMAND.parse(["a", "--what", "decode, count"])
    assert options.parts == ("count", "decode")
    assert options.states_parts
    with pytest.raises(ValueError, match="--what names parts of count, forward, train, decode.*; got 'speed'"):
        COMMAND.parse(["a", "--what", "count,speed"])


def test_numbers_of_frames_are_several_rows_each_once() -> None:
    assert COMMAND.parse(["a", "--n_frames", "16,8, 16"]).frame_numbers == (16, 8)
    for wrong in ("0", "eight", "8,", "-1", "1000000"):
        with pytest.raises(ValueError, match=r"--n_frames must be whole numbers from 1 to [\d,]+, separated by commas"):
            COMMAND.parse(["a", f"--n_frames={wrong}"])
