"""A stand-in for a tokenizer of Hugging Face that is not at hand, so that a text tower can be tried without a network.

It splits a text into words and marks and gives each a number of the model's vocabulary: enough to run the tower, and no
substitute for the model's own tokenizer, whose numbers the tower was trained with.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import text_tower_config

_END, _PADDING, _VOCABULARY = 2, 0, 49408  # open_clip's defaults


@dataclass(frozen=True)
class Encoded:
    """The tokens of a text.

    Attributes:
        input_ids: The tokens, as the tokenizers of transformers call them.
    """

    input_ids: list[int]


@dataclass(frozen=True)
class StandInTokenizer:
    """Words, an end token, padding.

    Attributes:
        context_length: Tokens of a row.
        vocabulary_size: Number of different tokens.
        end: The token behind a text.
        padding: The token that fills a row.
    """

    context_length: int
    vocabulary_size: int
    end: int
    padding: int

    def clean_fn(self, text: str) -> str:
        """The text with single spaces."""
        return " ".join(text.split())

    def tokenizer(self, text: str, *, add_special_tokens: bool = True) -> Encoded:
        """The tokens of a text, with the end token unless `add_special_tokens` is false."""
        words = [self._number(word) for word in re.findall(r"\w+|[^\w\s]", text)]
        return Encoded([*words, self.end] if add_special_tokens else words)

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """The tokens of N texts, int64 [N, context length]; long ones are truncated."""
        rows = torch.full((len(texts), self.context_length), self.padding, dtype=torch.int64)
        for row, text in zip(rows, texts, strict=True):
            tokens = self.tokenizer(text).input_ids
            kept = [*tokens[: self.context_length - 1], tokens[-1]][: len(tokens)]
            row[: len(kept)] = torch.tensor(kept)
        return rows

    def _number(self, word: str) -> int:
        """The same number for the same word; neither the end token nor padding."""
        free = [n for n in range(min(self.vocabulary_size, 4)) if n not in (self.end, self.padding)]
        number = zlib.crc32(word.encode()) % self.vocabulary_size
        return free[0] if number in (self.end, self.padding) else number


def give_stand_in(text: OpenClipTokens) -> None:
    """Gives a model a stand-in for its tokenizer.

    Args:
        text: The text part of a model of a named architecture or of a JSON config; it is changed.
    """
    found = text_tower_config(text.architecture)
    assert found is not None, "a model with weights has its tokenizer"
    stated = found[1]
    size = int(stated.get("vocab_size", _VOCABULARY))
    is_read_at_eos = stated.get("pool_type") == "eos"
    vars(text)["_tokenizer"] = StandInTokenizer(
        context_length=text.context_length,
        vocabulary_size=size,
        end=int(stated.get("eos_id", _END)) if is_read_at_eos else size - 1,  # the largest: "argmax" reads there
        padding=int(stated.get("pad_id", _PADDING)),
    )
