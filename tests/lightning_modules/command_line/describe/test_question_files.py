from pathlib import Path
from typing import get_args

import pytest

from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.describe.describe_options import COMMAND
from zsar.lightning_modules.command_line.describe.question_files import (
    DEFAULT_QUESTIONS,
    Questions,
    read_questions,
    shipped_questions,
)


def test_the_default_questions_are_the_papers_words() -> None:
    assert read_questions(None, "description").wordings == ("describe {class} as an action performed by humans",)
    assert read_questions(None, "explanation").wordings == (
        "If you're an expert in video classification. Please answer the following questions in one or two sentences. "
        "What does {class} mean?",
    )
    assert len(read_questions(None, "action_prompts").wordings) == 3
    assert len(read_questions(None, "direct").wordings) == 1
    assert len(read_questions(None, "customized").wordings) > 1


def test_every_kind_has_a_shipped_question_and_every_shipped_file_is_read_and_offered() -> None:
    assert list(DEFAULT_QUESTIONS) == list(get_args(Kind))
    assert set(DEFAULT_QUESTIONS.values()) <= set(shipped_questions())
    help_text = COMMAND.parser().format_help()
    for name in shipped_questions():
        assert read_questions(Path(name), "description").name == name
        assert name in help_text


def test_a_file_of_ones_own_has_a_question_per_line(tmp_path: Path) -> None:
    (path := tmp_path / "mine.txt").write_text("# mine\n\nWhat\tis  {class}?\n  How is {class} done in {data_set}? \n")
    assert read_questions(path, "direct") == Questions(
        "mine", ("What is {class}?", "How is {class} done in {data_set}?")
    )
    assert read_questions(path, "direct").name_the_data_set
    assert not read_questions(None, "direct").name_the_data_set


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# nothing\n", ": has no question; write one per line"),
        ("What is {class}?\nWhat is it?\n", ":2: the question has no place {class} for the class name; add it"),
        (
            "What is {class} in {dataset}?\n",
            ":1: the question has '{dataset}', but only {class} and {data_set} are repl",
        ),
        ("What is {class} {?\n", ":1: the question has '{', but only"),
        ("What is {class}?\nWhat is {class}?\n", ":2: the question occurs twice; remove one of the two lines"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, content: str, message: str) -> None:
    (path := tmp_path / "mine.txt").write_text(content)
    with pytest.raises(ValueError, match="mine") as refused:
        read_questions(path, "direct")
    assert f"mine.txt{message}" in str(refused.value)
