"""Checks of single texts in a language model's answer, and their cutting to CLIP's tokens at a sentence end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from zsar.datamodules.class_text.text_format import Kind
from zsar.lightning_modules.command_line.describe.retrying import BadAnswerError
from zsar.lightning_modules.open_clip_towers.text.token_limit import cut_at_sentence_end, sentence_ends

if TYPE_CHECKING:
    from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens

START_AND_END = 2
MOST_TOKENS: Mapping[Kind, int] = {
    "description": 77 - START_AND_END,  # T2L: the text alone
    "explanation": 77 - START_AND_END - 3,  # DTS-TPT: "up to 77", with the three tokens of its context
    "customized": 50,  # CuPL's limit of an answer
    "direct": 77 - START_AND_END,
    "action_prompts": 30,  # AP-CLIP, section 3.2.2
}
"""Maximum length of a text in tokens of CLIP's tokenizer, without start and end."""

_TOKENIZER_OF = "ViT-B-16-quickgelu"
_FEWEST_WORDS: Mapping[Kind, int] = {"action_prompts": 3, "customized": 3}
_FEWEST_WORDS_OF_TEXT = 5
_FEWEST_NEW_WORDS = 2

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


def without_thoughts(answer: str) -> str:
    """An answer without what a reasoning model writes before it.

    Raises:
        BadAnswerError: Nothing else is left.
    """
    stripped = _THOUGHTS.sub("", answer, count=1).strip()
    if not stripped:
        raise BadAnswerError("it is empty")
    return stripped


def checked_text(text: str, *, kind: Kind, name: str) -> str:
    """A text in plain words on one line, cut at a sentence end to what the papers allow.

    AP-CLIP: "We constrain each prompt to a maximum of 30 tokens, truncating at the end of a sentence". A first sentence
    that is longer cannot be cut, so the model is asked again.

    Args:
        text: The text as the model wrote it.
        kind: The kind of text.
        name: The class.

    Raises:
        BadAnswerError: It has a preface, markdown, too few words or a too long first sentence, or only repeats the
            name.
    """
    _check_undecorated(text)
    cut = cut_to_tokens(_plain(text), MOST_TOKENS[kind])
    n_words, fewest = len(cut.split()), _FEWEST_WORDS.get(kind, _FEWEST_WORDS_OF_TEXT)
    if n_words < fewest:
        raise BadAnswerError(f"it has only {n_words} words, and at least {fewest} are needed")
    if len(_word_set(cut) - _word_set(name) - _EMPTY_WORDS) < _FEWEST_NEW_WORDS:
        raise BadAnswerError("it only repeats the name of the action")
    return cut


def cut_to_tokens(text: str, most: int) -> str:
    """Removes whole sentences from the end of a text until it fits.

    Args:
        text: A text on one line.
        most: Maximum number of tokens, without start and end.

    Raises:
        BadAnswerError: Not even the first sentence fits.
    """
    tokens = _tokens()
    try:
        return cut_at_sentence_end(text, most + START_AND_END, tokens.n_tokens)
    except ValueError:
        n = tokens.n_tokens(text[: sentence_ends(text)[0]]) - START_AND_END
        problem = f"its first sentence has {n} tokens, and at most {most} are allowed; write shorter sentences"
        raise BadAnswerError(problem) from None


def parsed_json(answer: str) -> Any:  # noqa: ANN401 - any JSON
    """The JSON value that an answer consists of, in a fence of markdown or not.

    Raises:
        BadAnswerError: It is not JSON alone.
    """
    fenced = _FENCED.fullmatch(answer)
    try:
        return json.loads(fenced[1] if fenced else answer)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadAnswerError(f"it is not JSON alone ({error})") from None


@cache
def _tokens() -> OpenClipTokens:
    # here, as importing open_clip takes seconds, and without an answer there is nothing to count
    from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import tokens_without_weights

    tokens = tokens_without_weights(_TOKENIZER_OF)
    assert tokens is not None  # CLIP's own tokenizer comes with open_clip
    return tokens


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
