"""The tokenizer of open_clip's CLIP models: texts -> tokens, within the model's context length."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import open_clip
from open_clip.tokenizer import SimpleTokenizer
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.text.token_limit import cut_at_sentence_end
from zsar.lightning_modules.open_clip_towers.weights.default_weights import brings_weights
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import text_tower_config
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


class OpenClipTokens:
    """Texts -> tokens; needs no weights.

    Attributes:
        architecture: The user's name of the model.
        context_length: Maximum tokens of a text, start and end included.
    """

    def __init__(self, name: str, architecture: str, *, context_length: int) -> None:
        """Stores the arguments; fetches nothing yet.

        Args:
            name: open_clip's name of the architecture.
            architecture: The user's name of it, for errors.
            context_length: Maximum tokens of a text, start and end included.
        """
        self._name = name
        self.architecture = architecture
        self.context_length = context_length

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
        """
        return self._tokenizer(list(texts) if cut_anywhere else self._cut_to(self.context_length, texts))

    def tokens_between(self, texts: Sequence[str], *, reserved: int) -> list[list[int]]:
        """Tokenizes texts without start and end tokens, for prompts assembled token by token.

        Args:
            texts: N texts.
            reserved: Number of positions, besides start and end, reserved for other tokens; longer texts are truncated
                at the end of a sentence, with a warning.

        Returns:
            The tokens of each text.

        Raises:
            ValueError: Not even the first sentence of a text fits.
            BackboneError: The model's tokenizer is not CLIP's.
        """
        if not hasattr(self._tokenizer, "sot_token_id"):
            raise BackboneError(
                f"{self.architecture} reads text with {type(self._tokenizer).__name__}; prompts are assembled token "
                "by token for CLIP's own tokenizer only, such as ViT-B-16-quickgelu's"
            )
        return [self._tokenizer.encode(text) for text in self._cut_to(self.context_length - reserved, texts)]

    @property
    def start_and_end_token(self) -> tuple[int, int]:
        """The start and end tokens of CLIP's tokenizer."""
        return self._tokenizer.sot_token_id, self._tokenizer.eot_token_id

    def _cut_to(self, n_tokens: int, texts: Sequence[str]) -> list[str]:
        fitting = [cut_at_sentence_end(text, n_tokens, self.n_tokens) for text in texts]
        cut = [text for text, fitting_text in zip(texts, fitting, strict=True) if fitting_text != text]
        if cut:
            warnings.warn(
                f"{len(cut)} of {len(texts)} texts were cut at the end of a sentence, because {self.architecture} "
                f"reads {n_tokens} tokens; the first of them is {cut[0]!r}",
                stacklevel=3,
            )
        return fitting

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - open_clip's tokenizers share no base class
        if not brings_weights(self._name):
            text = open_clip.get_model_config(self._name)["text_cfg"]
            if not text.get("hf_tokenizer_name"):  # open_clip would fetch SigLIP's for any "siglip" in the name
                return SimpleTokenizer(context_length=self.context_length, **text.get("tokenizer_kwargs", {}))
        return open_clip.get_tokenizer(self._name, context_length=self.context_length)

    def n_tokens(self, text: str) -> int:
        """Counts the tokens of a text, start and end included."""
        tokenizer = self._tokenizer
        if hasattr(tokenizer, "encode"):
            return len(tokenizer.encode(text)) + 2  # start and end
        return len(tokenizer.tokenizer(text).input_ids)


def tokens_without_weights(architecture: str) -> OpenClipTokens | None:
    """The tokenizer of a model, without its weights.

    Args:
        architecture: As for `build_clip`.

    Returns:
        None if the tokenizer is fetched with the weights.

    Raises:
        BackboneError: There is no such model.
    """
    config = text_tower_config(architecture)
    if config is None or config[1].get("hf_tokenizer_name") is not None:
        return None
    name, settings = config
    return OpenClipTokens(name, architecture, context_length=settings.get("context_length", 77))
