"""What is asked about one class, and the texts that its answers give.

Each wording of a file of questions is asked once; its words are followed by the form of the answer. Sources: T2L and
DTS-TPT print their questions, AP-CLIP its number of prompts (`questions/`, `question_files.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_format import Kind, Texts
from zsar.lightning_modules.command_line.describe.answer_checks import (
    MOST_TOKENS,
    checked_text,
    parsed_json,
    without_thoughts,
)
from zsar.lightning_modules.command_line.describe.question_files import CLASS, DATA_SET
from zsar.lightning_modules.command_line.describe.retrying import BadAnswerError

_FORM = "Answer with plain English text only: no introduction, no markdown, no quotation marks."
_TOKENS_OF_THREE_WORDS = 4  # on average; models count words better than tokens


@dataclass(frozen=True)
class ClassQuestions:
    """The questions about one class.

    Attributes:
        name: The class.
        kind: The kind of text that is asked for.
        wordings: The questions, with places for the class and its data set; each is asked once.
        data_set: Name of the data set.
        n_sentences: Sentences in each answer: of each attribute for action prompts, in all for customized texts; other
            kinds have one text.
    """

    name: str
    kind: Kind
    wordings: tuple[str, ...]
    data_set: str = ""
    n_sentences: int = 1

    @property
    def n_texts(self) -> int:
        """Number of texts of the class."""
        per_answer = {"action_prompts": len(ATTRIBUTES) * self.n_sentences, "customized": self.n_sentences}
        return len(self.wordings) * per_answer.get(self.kind, 1)

    @property
    def words(self) -> tuple[str, ...]:
        """The questions as the model reads them."""
        return tuple(self._words(wording) for wording in self.wordings)

    def _words(self, wording: str) -> str:
        asked = wording.replace(DATA_SET, self.data_set).replace(CLASS, self.name)
        n, most = self.n_sentences, MOST_TOKENS[self.kind] * 3 // _TOKENS_OF_THREE_WORDS
        sentences = "one short sentence" if n == 1 else f"{n} different short sentences"
        if self.kind == "customized":
            return (
                f"{asked}\nWrite {sentences} of at most {most} words each. Answer only with a JSON list of {n} "
                f"string{'s' * (n > 1)}."
            )
        if self.kind != "action_prompts":
            return f"{asked} {_FORM}"
        listed = "\n".join(f"- {a.name}: {a.question}" for a in ATTRIBUTES)
        return (
            f"{asked} For each of these {len(ATTRIBUTES)} attributes write {sentences} of at most {most} words:\n"
            f"{listed}\n"
            "Each sentence must add something visible and not just repeat the name of the action. Answer only with a "
            f"JSON object that has these {len(ATTRIBUTES)} keys, each with a list of {n} string{'s' * (n > 1)}."
        )

    def accept(self, answer: str, earlier: Sequence[Texts] = ()) -> Texts:
        """Checks an answer and returns its texts.

        Args:
            answer: The answer of the model to one of the questions.
            earlier: The texts of earlier answers about the class, which must not be repeated.

        Returns:
            One text, the sentences of customized texts, or those of each attribute.

        Raises:
            BadAnswerError: The answer cannot be used; the message says why.
        """
        answer = without_thoughts(answer)
        texts: Texts
        if self.kind == "action_prompts":
            texts = self._attributes(parsed_json(answer))
        elif self.kind == "customized":
            texts = self._sentences("the answer", parsed_json(answer))
        else:
            texts = checked_text(answer, kind=self.kind, name=self.name)
        self._check_new(texts, earlier)
        return texts

    def combined(self, answers: Sequence[Texts]) -> Texts:
        """The texts of the class: those of all answers in the order of the questions.

        Args:
            answers: The accepted texts of each question.
        """
        if self.kind == "action_prompts":
            return {a.name: [t for of_answer in answers for t in _attribute(of_answer, a.name)] for a in ATTRIBUTES}
        texts = [text for of_answer in answers for text in _every(of_answer)]
        return texts[0] if self.kind != "customized" and len(texts) == 1 else texts

    def _attributes(self, content: object) -> dict[str, list[str]]:
        if not isinstance(content, dict):
            raise BadAnswerError(f"it must be a JSON object, not a {type(content).__name__}")
        names = [attribute.name for attribute in ATTRIBUTES]
        missing, unknown = [n for n in names if n not in content], [n for n in content if n not in names]
        if missing or unknown:
            lacks = [f"the keys {', '.join(missing)} are missing"] if missing else []
            odd = [f"the keys {', '.join(unknown)} were not asked for"] if unknown else []
            raise BadAnswerError("; ".join(lacks + odd))
        return {name: self._sentences(name, content[name]) for name in names}

    def _sentences(self, where: str, sentences: object) -> list[str]:
        if not isinstance(sentences, list) or not all(isinstance(sentence, str) for sentence in sentences):
            raise BadAnswerError(f"{where} must be a list of strings")
        if len(sentences) != self.n_sentences:
            raise BadAnswerError(f"{where} has {len(sentences)} sentences, and {self.n_sentences} were asked for")
        return [self._sentence(where, sentence) for sentence in sentences]

    def _sentence(self, where: str, sentence: str) -> str:
        try:
            return checked_text(sentence, kind=self.kind, name=self.name)
        except BadAnswerError as bad:
            raise BadAnswerError(f"the sentence {sentence!r} of {where}: {bad}") from None

    @staticmethod
    def _check_new(texts: Texts, earlier: Sequence[Texts]) -> None:
        """No sentence occurs twice, in one answer or in several."""
        seen = {text.casefold() for of_answer in earlier for text in _every(of_answer)}
        for text in _every(texts):
            if text.casefold() in seen:
                raise BadAnswerError(f"the sentence {text.casefold()!r} occurs more than once")
            seen.add(text.casefold())


def _attribute(texts: Texts, name: str) -> Iterable[str]:
    return texts[name] if isinstance(texts, dict) else ()


def _every(texts: Texts) -> Iterable[str]:
    """All texts of an answer."""
    if isinstance(texts, str):
        return (texts,)
    return texts if isinstance(texts, list) else (text for of_attribute in texts.values() for text in of_attribute)
