"""Class text -> class embeddings [C, P, D], computed once for each set of classes while the text tower stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import functional


class ClassEmbeddings:
    """Tokens of each class text, and their embeddings for as long as they are valid.

    The cache is keyed by the content of the prompts and by device; `forget` empties it when the text tower changed.
    """

    def __init__(
        self,
        tokenize: Callable[[Sequence[str]], Tensor],
        encode_text: Callable[[Tensor], Tensor],
        *,
        chunk_size: int = 512,
        progress: Callable[[Sequence[Tensor]], Iterable[Tensor]] = iter,
    ) -> None:
        """Begins with an empty cache.

        Args:
            tokenize: N texts -> int64 [N, L].
            encode_text: int64 [N, L] -> [N, D].
            chunk_size: Most prompts that are encoded at once where no gradient is needed; bounds memory.
            progress: Goes through the chunks and may show how far it is.
        """
        self._tokenize = tokenize
        self._encode_text = encode_text
        self._chunk_size = chunk_size
        self._progress = progress
        self._tokens: dict[tuple[tuple[str, ...], ...], Tensor] = {}
        self._embeddings: dict[tuple[tuple[tuple[str, ...], ...], torch.device], Tensor] = {}

    def check_fit(self, prompts: tuple[tuple[str, ...], ...]) -> None:
        """Checks that the text tower can hold all prompts; the tokens are kept for later.

        Args:
            prompts: P prompts for each of C classes.

        Raises:
            ValueError: One is too long; of `tokenize`.
        """
        self._all_tokens(prompts)

    def cached(self, prompts: tuple[tuple[str, ...], ...], device: torch.device) -> Tensor:
        """Embeddings of all prompts, without gradient.

        Args:
            prompts: P prompts for each of C classes.
            device: Where to compute and keep them.

        Returns:
            L2-normalized float32 [C, P, D].
        """
        key = (prompts, device)
        if key not in self._embeddings:
            with torch.no_grad():
                chunks = self._all_tokens(prompts).flatten(0, 1).split(self._chunk_size)
                embedded = torch.cat([self._encode_text(chunk.to(device)).float() for chunk in self._progress(chunks)])
            self._embeddings[key] = functional.normalize(embedded, dim=-1).unflatten(0, (len(prompts), -1))
        return self._embeddings[key]

    def with_gradient(
        self, prompts: tuple[tuple[str, ...], ...], classes: Tensor, choice: Tensor, device: torch.device
    ) -> Tensor:
        """Embeddings of some prompts of some classes, part of the computation graph and not cached.

        Args:
            prompts: P prompts for each of C classes.
            classes: Which classes, int64 [C'], on the CPU.
            choice: Which prompts of each, int64 [C', P'], on the CPU.
            device: Where to compute them.

        Returns:
            L2-normalized float32 [C', P', D].
        """
        tokens = self._all_tokens(prompts)[classes[:, None], choice].flatten(0, 1)
        embedded = self._encode_text(tokens.to(device)).float()
        return functional.normalize(embedded, dim=-1).unflatten(0, choice.shape)

    def forget(self) -> None:
        """Drops all embeddings, for when the text tower has changed; tokens stay."""
        self._embeddings.clear()

    def _all_tokens(self, prompts: tuple[tuple[str, ...], ...]) -> Tensor:
        """int64 [C, P, L]."""
        if prompts not in self._tokens:
            flat = self._tokenize([prompt for of_class in prompts for prompt in of_class])
            self._tokens[prompts] = flat.unflatten(0, (len(prompts), -1))
        return self._tokens[prompts]
