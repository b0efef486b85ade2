"""The questions to a language model about a class, and the checks of its answers.

Sources: T2L asks to "describe [category] as an action performed by humans"; DTS-TPT asks what a class name means;
AP-CLIP asks for sentences of at most 30 tokens on each of several attributes. The wording of the rest is ours.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_format import Kind, Texts
from zsar.lightning_modules.command_line.describe.retrying import BadAnswerError
from zsar.lightning_modules.open_clip_towers.token_limit import sentence_ends

# CLIP reads 77 tokens, about 1.3 per word. Longer texts are cut at a sentence end, so the first sentence must fit,
# after the words of a template. The model is asked for fewer words than are accepted, as it cannot count exactly.
_MOST_WORDS = 60
_MOST_WORDS_OF_FIRST_SENTENCE = 50
_MOST_WORDS_OF_PROMPT = 22  # 30 tokens
_FEWEST_WORDS = 5
_FEWEST_WORDS_OF_PROMPT = 3
_FEWEST_NEW_WORDS = 2

_FORM = "Answer with plain English text only: no introduction, no markdown, no quotation marks."
_PREFACE = re.compile(
    r"(sure(?!-)|here is|here.s|here are|as an ai|certainly|of course|okay|absolutely|i.m sorry|i am sorry|i can.t|"
    r"i cannot)\b|(description|explanation|answer)\s*:",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"\*\*|__|`|^\s*(#|>|[-*•]\s|\d+[.)]\s)", re.MULTILINE)
_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)  # local reasoning models write them before their answer
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)
_EMPTY_WORDS = frozenset({"a", "an", "the", "of", "is", "are", "in", "on", "it", "this", "that"})
_EMPTY_WORDS |= {"video", "photo", "person", "people", "someone", "doing", "action"}


@dataclass(frozen=True)
class ClassQuestion:
    """A question about one class.

    Attributes:
        name: The class.
        kind: The kind of text that is asked for.
        per_attribute: Sentences per attribute of action prompts.
    """

    name: str
    kind: Kind
    per_attribute: int = 3

    @property
    def n_texts(self) -> int:
        """Number of texts in an answer."""
        return len(ATTRIBUTES) * self.per_attribute if self.kind == "action_prompts" else 1

    @property
    def words(self) -> str:
        """The question as the model reads it."""
        if self.kind == "description":
            return (
                f'Describe "{self.name}" as an action performed by humans. Say only what can be seen in a video of it: '
                "who, with what, where, and how the body moves. Write one or two sentences of together at most 45 "
                f"words. {_FORM}"
            )
        if self.kind == "explanation":
            return (
                f'What does "{self.name}" mean as the name of a human action? Explain it in one or two sentences of '
                f"together at most 40 words. {_FORM}"
            )
        listed = "\n".join(f"- {a.name}: {a.question}" for a in ATTRIBUTES)
        return (
            f'A video shows the human action "{self.name}". For each of these {len(ATTRIBUTES)} attributes write '
            f"{self.per_attribute} different short sentences, each of at most 18 words, that say what can be seen:\n"
            f"{listed}\n"
            "Each sentence must add something visible and not just repeat the name of the action. Answer only with a "
            f"JSON object that has these {len(ATTRIBUTES)} keys, each with a list of {self.per_attribute} strings."
        )

    def accept(self, answer: str) -> Texts:
        """Checks an answer and returns its texts.

        Args:
            answer: The answer of the model.

        Returns:
            One text, or the texts of each attribute.

        Raises:
            BadAnswerError: The answer cannot be used; the message says why.
        """
        answer = _THOUGHTS.sub("", answer, count=1).strip()
        if not answer:
            raise BadAnswerError("it is empty")
        if self.kind == "action_prompts":
            return self._attributes(answer)
        _check_undecorated(answer)
        text = _plain(answer)
        self._check_length(text, _FEWEST_WORDS, _MOST_WORDS)
        first = len(text[: sentence_ends(text)[0]].split())
        if first > _MOST_WORDS_OF_FIRST_SENTENCE:
            raise BadAnswerError(
                f"its first sentence has {first} words, and at most {_MOST_WORDS_OF_FIRST_SENTENCE} are allowed"
            )
        return text

    def _attributes(self, answer: str) -> dict[str, list[str]]:
        content = _json_object(answer)
        names = [attribute.name for attribute in ATTRIBUTES]
        missing, unknown = [n for n in names if n not in content], [n for n in content if n not in names]
        if missing or unknown:
            lacks = [f"the keys {', '.join(missing)} are missing"] if missing else []
            odd = [f"the keys {', '.join(unknown)} were not asked for"] if unknown else []
            raise BadAnswerError("; ".join(lacks + odd))
        texts = {name: self._prompts(name, content[name]) for name in names}
        every = [text.casefold() for sentences in texts.values() for text in sentences]
        if twice := sorted({text for text in every if every.count(text) > 1}):
            raise BadAnswerError(f"the sentence {twice[0]!r} is there more than once")
        return texts

    def _prompts(self, attribute: str, prompts: object) -> list[str]:
        if not isinstance(prompts, list) or not all(isinstance(prompt, str) for prompt in prompts):
            raise BadAnswerError(f"{attribute} must be a list of strings")
        if len(prompts) != self.per_attribute:
            raise BadAnswerError(f"{attribute} has {len(prompts)} sentences, and {self.per_attribute} were asked for")
        for prompt in prompts:
            try:
                _check_undecorated(prompt)
                self._check_length(prompt, _FEWEST_WORDS_OF_PROMPT, _MOST_WORDS_OF_PROMPT)
            except BadAnswerError as bad:
                raise BadAnswerError(f"the sentence {prompt!r} of {attribute}: {bad}") from None
        return [_plain(prompt) for prompt in prompts]

    def _check_length(self, text: str, fewest: int, most: int) -> None:
        n_words = len(text.split())
        if n_words > most:
            raise BadAnswerError(f"it has {n_words} words, and at most {most} are allowed")
        if n_words < fewest:
            raise BadAnswerError(f"it has only {n_words} words, and at least {fewest} are needed")
        new = _word_set(text) - _word_set(self.name) - _EMPTY_WORDS
        if len(new) < _FEWEST_NEW_WORDS:
            raise BadAnswerError("it only repeats the name of the action")


def _json_object(answer: str) -> dict[str, Any]:
    fenced = _FENCED.fullmatch(answer)
    try:
        content = json.loads(fenced[1] if fenced else answer)
    except json.JSONDecodeError as error:
        raise BadAnswerError(f"it is not JSON alone ({error})") from None
    if not isinstance(content, dict):
        raise BadAnswerError(f"it must be a JSON object, not a {type(content).__name__}")
    return content


def _check_undecorated(text: str) -> None:
    if preface := _PREFACE.match(text.lstrip(" \"'")):
        raise BadAnswerError(f"it begins with the preface {preface[0]!r}")
    if markdown := _MARKDOWN.search(text):
        raise BadAnswerError(f"it has markdown ({markdown[0].strip()!r})")


def _plain(text: str) -> str:
    """The text on one line, without enclosing quotation marks."""
    line = " ".join(text.split())
    is_quoted = len(line) > 1 and line[0] == line[-1] == '"' and '"' not in line[1:-1]
    return line[1:-1].strip() if is_quoted else line


def _word_set(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
