"""The tokenizer of open_clip's CLIP models: texts -> tokens, within the model's context length.

CLIP's own tokenizer, or one of the package transformers (SigLIP, CLIPA, worldwide, RoBERTa, mT5, NLLB). Prompts are
assembled token by token: what stands before a text, the text as it reads after other words, what stands behind it, and
padding. That the result is what the tokenizer makes of the whole text is checked, not assumed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.text.token_frame import TokenFrame
from zsar.lightning_modules.open_clip_towers.text.token_limit import cut_at_sentence_end
from zsar.lightning_modules.open_clip_towers.text.tokenizer_files import CONTEXT_LENGTH, load_tokenizer
from zsar.lightning_modules.open_clip_towers.text.tokenizer_hash import check_trained_with, tokenizer_hash
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import text_tower_config
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.runtime.text.text_files import shown

_WORD = "a"  # stands before a text whose own first words are learnable


class OpenClipTokens:
    """Texts -> tokens; needs no weights.

    Attributes:
        architecture: The user's name of the model.
        context_length: Maximum tokens of a text, start and end included.
        tokenizer_folder: Files of the tokenizer that the user gave; None for those that the model names.
    """

    def __init__(
        self,
        name: str,
        architecture: str,
        *,
        context_length: int,
        tokenizer: str | None = None,
        vocabulary: int | None = None,
    ) -> None:
        """Stores the arguments; fetches nothing yet.

        Args:
            name: open_clip's name of the architecture.
            architecture: The user's name of it, for errors.
            context_length: Maximum tokens of a text, start and end included.
            tokenizer: Folder with the files of the tokenizer; None for the tokenizer that the model names.
            vocabulary: Number of tokens that the text tower knows; None if it is not known yet.
        """
        self._name = name
        self.architecture = architecture
        self.context_length = context_length
        self.tokenizer_folder = tokenizer
        self._vocabulary = vocabulary
        self._trained_with: str | None = None

    def require(self, trained_with: str | None) -> None:
        """Takes only the tokenizer that a model was trained with, now and when it is loaded.

        Args:
            trained_with: Its `tokenizer_hash`; None for any.

        Raises:
            BackboneError: Another one is loaded already.
        """
        self._trained_with = trained_with
        if "_tokenizer" in vars(self):
            check_trained_with(self._tokenizer, trained_with, self.architecture)

    def tokenize(self, texts: Sequence[str], *, cut_anywhere: bool = False) -> Tensor:
        """Tokenizes texts.

        Long texts are truncated at the end of a sentence, with a warning, so that the end-of-text token, where CLIP
        reads the embedding, is kept.

        Args:
            texts: N texts.
            cut_anywhere: Truncate between two tokens instead, as open_clip does: for generated captions, where
                truncating one is harmless.

        Returns:
            int64 [N, context length], on the CPU.

        Raises:
            ValueError: Not even the first sentence of a text fits.
            BackboneError: The tokenizer cannot be loaded, or is not that of the text tower.
        """
        tokens: Tensor = self._tokenizer(list(texts) if cut_anywhere else self._cut_to(self.context_length, texts))
        if len(tokens):
            self._check_known(int(tokens.max()))
        return tokens

    def tokens_between(self, texts: Sequence[str], *, reserved: int, after: str | None = "") -> list[list[int]]:
        """Tokenizes texts without what stands around them, for prompts assembled token by token.

        Args:
            texts: N texts.
            reserved: Number of positions, besides start and end, reserved for other tokens; longer texts are truncated
                at the end of a sentence, with a warning.
            after: The words that a text follows: some tokenizers read the same word differently at the beginning.
                Empty at the beginning, None for any word.

        Returns:
            The tokens of each text.

        Raises:
            ValueError: Not even the first sentence of a text fits.
            BackboneError: The tokenizer cannot be loaded, or prompts cannot be assembled with it.
        """
        words = _WORD if after is None else after
        around = len(self.frame)
        fitting = self._cut_to(
            self.context_length - reserved, texts, lambda text: len(self._after(words, text)) + around
        )
        return [self._after(words, text) for text in fitting]

    @cached_property
    def frame(self) -> TokenFrame:
        """What the tokenizer puts around a text.

        Raises:
            BackboneError: It is not the same for all texts, so that prompts cannot be assembled.
        """
        body = self._body(_WORD)
        row: list[int] = self._tokenizer([_WORD])[0].tolist()
        start = next((i for i in range(len(row)) if body and row[i : i + len(body)] == body), None)
        if start is None:
            raise self._unknown_frame()
        end = self.n_tokens(_WORD)
        keeps_marks = len(self._body(f"{_WORD}.")) > len(body)
        frame = TokenFrame(tuple(row[:start]), tuple(row[start + len(body) : end]), row[-1], keeps_marks)
        longer = self._body(f"{_WORD} {_WORD}")
        expected = [*frame.before, *longer, *frame.after]
        expected += [frame.padding] * (self.context_length - len(expected))
        if self._tokenizer([f"{_WORD} {_WORD}"])[0].tolist() != expected:
            raise self._unknown_frame()
        return frame

    def _unknown_frame(self) -> BackboneError:
        return BackboneError(
            f"the tokenizer of {self.architecture} does not write start, text, end and then padding; prompts cannot be "
            "assembled token by token with it: take another model, such as ViT-B-16-quickgelu"
        )

    @property
    def start_and_end_token(self) -> tuple[int, int]:
        """The start and the end token.

        Raises:
            BackboneError: The tokenizer does not put one token before a text and one behind it.
        """
        frame = self.frame
        if len(frame.before) != 1 or len(frame.after) != 1:
            raise BackboneError(
                f"the tokenizer of {self.architecture} puts {len(frame.before)} tokens before a text and "
                f"{len(frame.after)} behind it, not a start and an end token; take a model with CLIP's, such as "
                "ViT-B-16-quickgelu"
            )
        return frame.before[0], frame.after[0]

    def _cut_to(self, n_tokens: int, texts: Sequence[str], count: Callable[[str], int] | None = None) -> list[str]:
        fitting = [cut_at_sentence_end(text, n_tokens, count or self.n_tokens) for text in texts]
        cut = [text for text, fitting_text in zip(texts, fitting, strict=True) if fitting_text != text]
        if cut:
            warnings.warn(
                f"{len(cut)} of {len(texts)} texts were cut at the end of a sentence, because {self.architecture} "
                f"reads {n_tokens} tokens; the first of them is {cut[0]!r}",
                stacklevel=3,
            )
        return fitting

    def _after(self, words: str, text: str) -> list[int]:
        """The tokens of a text that follows other words."""
        if not words or hasattr(self._tokenizer, "encode"):  # CLIP's reads every word alone
            return self._checked(self._body(text))
        before, whole = self._body(words), self._body(f"{words} {text}")
        if whole[: len(before)] != before:
            raise BackboneError(
                f"the tokenizer of {self.architecture} reads {shown(words)} differently before {shown(text)}; prompts "
                "cannot be assembled token by token: take another phrase or another text"
            )
        return self._checked(whole[len(before) :])

    def _checked(self, tokens: list[int]) -> list[int]:
        self._check_known(max(tokens, default=0))
        return tokens

    def _check_known(self, largest: int) -> None:
        if self._vocabulary is not None and largest >= self._vocabulary:
            raise BackboneError(
                f"the tokenizer of {self.architecture} writes the token {largest}, but its text tower knows only "
                f"{self._vocabulary:,}; give the model's own as --tokenizer FOLDER, or state it in its config "
                "(text_cfg.hf_tokenizer_name)"
            )

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - open_clip's tokenizers share no base class
        loaded = load_tokenizer(
            self._name, self.architecture, context_length=self.context_length, folder=self.tokenizer_folder
        )
        check_trained_with(loaded, self._trained_with, self.architecture)
        return loaded

    @cached_property
    def tokenizer_hash(self) -> str | None:
        """Hash of the tokenizer (`text/tokenizer_hash.py`); None for CLIP's own. Loads it if it is not loaded."""
        return tokenizer_hash(self._tokenizer)

    def _body(self, text: str) -> list[int]:
        """The tokens of a text alone, without what stands around it."""
        tokenizer = self._tokenizer
        if hasattr(tokenizer, "encode"):
            return list(tokenizer.encode(text))
        return list(tokenizer.tokenizer(tokenizer.clean_fn(text), add_special_tokens=False).input_ids)

    def n_tokens(self, text: str) -> int:
        """Counts the tokens of a text, start and end included."""
        tokenizer = self._tokenizer
        if hasattr(tokenizer, "encode"):
            return len(tokenizer.encode(text)) + 2  # start and end
        return len(tokenizer.tokenizer(tokenizer.clean_fn(text)).input_ids)


def tokens_without_weights(architecture: str, *, tokenizer: str | None = None) -> OpenClipTokens | None:
    """The tokenizer of a model, without its weights.

    Args:
        architecture: As for `build_clip`.
        tokenizer: Folder with the files of the tokenizer; None for the tokenizer that the model names.

    Returns:
        None if the config is fetched with the weights ("hf-hub:", "local-dir:").

    Raises:
        BackboneError: There is no such model.
    """
    config = text_tower_config(architecture)
    if config is None:
        return None
    name, settings = config
    return OpenClipTokens(
        name, architecture, context_length=settings.get("context_length", CONTEXT_LENGTH), tokenizer=tokenizer
    )
