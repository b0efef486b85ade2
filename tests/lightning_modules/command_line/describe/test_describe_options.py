import pytest

from zsar.lightning_modules.command_line.describe.describe_options import COMMAND

NEEDED = ["--kind", "description", "--output", "t.json"]


@pytest.mark.parametrize(
    ("typed", "temperature"), [([], 0.7), (["--temperature", "none"], None), (["--temperature=1"], 1)]
)
def test_a_temperature_is_a_number_or_none(typed: list[str], temperature: float | None) -> None:
    assert COMMAND.parse([*NEEDED, *typed]).model.temperature == temperature


def test_other_temperatures_are_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        COMMAND.parse([*NEEDED, "--temperature", "warm"])
    (line,) = capsys.readouterr().err.splitlines()
    assert '--temperature: must be a number, or "none"; got warm' in line
    with pytest.raises(ValueError, match=r"--temperature must be at least 0; got -1\.0"):
        COMMAND.parse([*NEEDED, "--temperature=-1"])
