"""Truncates long texts at the end of a sentence, so that no partial sentence is embedded."""

from __future__ import annotations

import re
from collections.abc import Callable

from zsar.runtime.text.text_files import shown

# A mark, optional closing characters, then a space or the end: "3.5" and "zsar.py" do not match.
_SENTENCE_END = re.compile(r"[.!?]+[^\w\s]*(?=\s|$)")
# Words after which a full stop does not end a sentence: initials ("U.S.", "(e.g.", "J."), and these.
_ABBREVIATION = re.compile(
    r"\W*((?:[a-z]\.)*[a-z]|etc|vs|cf|approx|incl|resp|mr|mrs|ms|dr|prof|st|jr|sr)\.", re.IGNORECASE
)


def cut_at_sentence_end(text: str, limit: int, n_tokens: Callable[[str], int]) -> str:
    """Removes whole sentences from the end of a text until it fits.

    Args:
        text: Any text.
        limit: Maximum number of tokens.
        n_tokens: Counts the tokens of a text.

    Returns:
        The text if it fits, otherwise its beginning up to the end of a sentence.

    Raises:
        ValueError: Not even the first sentence fits.
    """
    length = n_tokens(text)
    if length <= limit:
        return text
    ends = sentence_ends(text)
    for end in reversed(ends[:-1]):
        if n_tokens(text[:end]) <= limit:
            return text[:end]
    first = n_tokens(text[: ends[0]]) if ends else length
    raise ValueError(
        f"the text {shown(text)} has {length} tokens and its first sentence has {first}, but the model reads {limit}; "
        "shorten the class name, the template or the description"
    )


def sentence_ends(text: str) -> tuple[int, ...]:
    """The ends of a text's sentences.

    Args:
        text: Any text.

    Returns:
        The position after the last mark of each sentence, in order; the last one ends with the text, marked or not.
        Empty for a blank text.
    """
    stripped = len(text.rstrip())
    marks = (match for match in _SENTENCE_END.finditer(text) if not _is_abbreviation(text[: match.start() + 1]))
    ends = [match.end() for match in marks if match.end() < stripped]
    return (*ends, stripped) if stripped else ()


def _is_abbreviation(up_to_mark: str) -> bool:
    return _ABBREVIATION.fullmatch(up_to_mark.rsplit(maxsplit=1)[-1]) is not None
