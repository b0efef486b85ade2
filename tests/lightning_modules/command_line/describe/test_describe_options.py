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


@pytest.mark.parametrize(
    ("typed", "n_questions", "each"),
    [([], 3, 1), ([], 1, 3), ([], 2, 1), (["--per_attribute=6"], 3, 2), (["--per_attribute=2"], 1, 2)],
)
def test_sentences_of_an_attribute_are_divided_among_the_questions(
    typed: list[str], n_questions: int, each: int
) -> None:
    texts = COMMAND.parse(["--kind", "action_prompts", "--output", "t.json", *typed]).texts
    assert texts.sentences_per_answer(n_questions) == each


def test_texts_are_not_written_into_a_table() -> None:
    with pytest.raises(ValueError, match=r"--output t\.CSV must be a JSON file; a \.csv file is read as a table of EZ"):
        COMMAND.parse(["--kind", "direct", "--output", "t.CSV"])


def test_sentences_that_cannot_be_divided_are_an_error() -> None:
    texts = COMMAND.parse(["--kind", "action_prompts", "--output", "t.json", "--per_attribute", "2"]).texts
    with pytest.raises(ValueError, match="--per_attribute 2 cannot be divided among 3 questions; take a multiple of 3"):
        texts.sentences_per_answer(3)


def test_sentences_of_a_question_are_those_of_customized_texts() -> None:
    texts = COMMAND.parse(["--kind", "customized", "--output", "t.json"]).texts
    assert texts.sentences_per_answer(3) == 10
    texts = COMMAND.parse(["--kind", "customized", "--output", "t.json", "--per_question=4"]).texts
    assert texts.sentences_per_answer(3) == 4
    assert COMMAND.parse(NEEDED).texts.sentences_per_answer(1) == 1
