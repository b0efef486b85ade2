import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.options.data_arguments import data_set_list, split_data_arguments


@pytest.mark.parametrize(
    ("given", "of_data", "others"),
    [
        (["--data", "UCF101", "--output", "out"], ["--data", "UCF101"], ["--output", "out"]),
        (["--config=a.yaml", "x", "-c", "b.yaml"], ["--config", "a.yaml", "--config", "b.yaml"], ["x"]),
        (["--data.clips.n-frames=4"], ["--data.clips.n_frames", "4"], []),
        (["--data.flag", "--n-workers", "2"], ["--data.flag"], ["--n-workers", "2"]),
        (["--data={a: b=c}"], ["--data", "{a: b=c}"], []),
        (["--database", "x"], [], ["--database", "x"]),
        (["--data.help"], ["--data.help"], []),
        (["--data.help", "UCF101", "x"], ["--data.help", "UCF101"], ["x"]),
        (["--data.help=UCF101", "x"], ["--data.help", "UCF101"], ["x"]),
        (["--data.help", "--hash"], ["--data.help"], ["--hash"]),
    ],
)
def test_arguments_of_a_data_set_are_set_aside_with_their_values(
    given: list[str], of_data: list[str], others: list[str]
) -> None:
    assert split_data_arguments(given) == (of_data, others)


@pytest.mark.parametrize("command", ["doctor", "embed"])
@pytest.mark.parametrize("option", ["--config", "-c", "--data"])
@pytest.mark.parametrize("after", [(), ("--output", "out")])
def test_an_option_without_its_value_is_told_in_one_line(
    command: str, option: str, after: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, option, *after])
    assert stopped.value.code == 2
    named = "--config" if option == "-c" else option
    sentence = f"zsar {command}: error: {named}: expected one argument; `zsar {command} --help` lists the options\n"
    assert capsys.readouterr().err == sentence


def test_the_data_sets_are_listed_with_the_command_that_explains_them() -> None:
    assert "UCF101, UCF101DS" in data_set_list("embed")
    assert "`zsar embed --data.help UCF101`" in data_set_list("embed")
