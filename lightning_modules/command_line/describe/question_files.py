"""Questions to a language model about a class: shipped files with the papers' words, or the user's own file.

A file has one wording per line and comments after #. `{class}` stands for the class name, `{data_set}` for the name of
its data set. Each wording is asked of each class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.class_text.text_format import Kind
from zsar.runtime.text.text_files import fault_in, shown
from zsar.runtime.text.text_tables import Line, read_lines

FOLDER = Path(__file__).parent / "questions"
DEFAULT_QUESTIONS: dict[Kind, str] = {
    "description": "t2l_description",
    "explanation": "dts_tpt_explanation",
    "customized": "cupl_customized",
    "direct": "direct",
    "action_prompts": "ap_clip_action_prompts",
}
"""The shipped file of each kind of text, with the paper's words where it prints them."""

CLASS, DATA_SET = "{class}", "{data_set}"
_PLACE = re.compile(r"\{[^{}]*\}|[{}]")


@dataclass(frozen=True)
class Questions:
    """The wordings of a file.

    Attributes:
        name: Name of the file without suffix, as results and class-text files state it.
        wordings: One or more wordings, with places for the class and possibly its data set.
    """

    name: str
    wordings: tuple[str, ...]

    @property
    def name_the_data_set(self) -> bool:
        """Whether a wording has a place for the data set."""
        return any(DATA_SET in wording for wording in self.wordings)


def shipped_questions() -> tuple[str, ...]:
    """The names of the files that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))


def read_questions(file: Path | None, kind: Kind) -> Questions:
    """Reads the wordings of a file.

    Args:
        file: A text file, or the name of a shipped one without suffix; None for the one of the kind.
        kind: The kind of text that is asked for.

    Returns:
        The wordings.

    Raises:
        ValueError: There is no such file.
        ListFileError: It has no wording, or one without the place for the class, with an unknown one, or there twice.
    """
    path = _locate(Path(DEFAULT_QUESTIONS[kind]) if file is None else file.expanduser())
    wordings: list[str] = []
    for line in read_lines(path, "list of questions"):
        wordings.append(_checked(line, wordings))
    if not wordings:
        raise fault_in(path, f"has no question; write one per line, such as 'What does {CLASS} look like?'")
    return Questions(path.stem, tuple(wordings))


def _locate(file: Path) -> Path:
    shipped = FOLDER / f"{file}.txt"
    if file.suffix == "" and file.name == str(file) and shipped.is_file():
        return shipped
    if not file.is_file():
        raise ValueError(
            f"--question {file}: neither a file nor one of the shipped questions ({', '.join(shipped_questions())})"
        )
    return file


def _checked(line: Line, before: list[str]) -> str:
    question = line.name  # single spaces, no invisible characters
    places = _PLACE.findall(question)
    if unknown := [place for place in places if place not in (CLASS, DATA_SET)]:
        known = f"{CLASS} and {DATA_SET}"
        raise line.fault(f"the question has {shown(unknown[0])}, but only {known} are replaced; reword it")
    if CLASS not in places:
        raise line.fault(f"the question has no place {CLASS} for the class name; add it")
    if question in before:
        raise line.fault("the question occurs twice; remove one of the two lines")
    return question
