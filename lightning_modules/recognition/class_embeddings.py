"""Class text -> class embeddings [C, P, D], computed once for each set of classes while the text tower is frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from zsar.datamodules.batch import ClassText

MANY = 1500  # prompts: about 400 classes x 4


@dataclass(frozen=True)
class ChosenPrompts:
    """The prompts of a training step.

    Attributes:
        prompts: P prompts for each of C classes.
        classes: Which classes, int64 [C'], on the CPU.
        choice: Which prompts of each, int64 [C', P'], on the CPU.
    """

    prompts: tuple[tuple[str, ...], ...]
    classes: Tensor
    choice: Tensor


def choose_prompts(text: ClassText, classes: Tensor | None, *, draws: bool) -> ChosenPrompts:
    """The prompts of a training step.

    Args:
        text: The class text.
        classes: The classes of the step, int64 [C']; None for all.
        draws: Whether one prompt of each class is drawn; otherwise all are taken. One is drawn for every class, those
            of the step or not, so that other classes draw the same.
    """
    rows = torch.arange(len(text.names)) if classes is None else classes.cpu()
    if draws:
        return ChosenPrompts(text.prompts, rows, torch.randint(text.prompts_per_class, (len(text.names), 1))[rows])
    return ChosenPrompts(text.prompts, rows, torch.arange(text.prompts_per_class).expand(len(rows), -1))


class ClassEmbeddings:
    """Tokens of each class text, and their embeddings while these are valid.

    The cache is keyed by prompts and device; `forget` empties it after the text tower changed.
    """

    def __init__(
        self,
        tokenize: Callable[[Sequence[str]], Tensor],
        encode_text: Callable[[Tensor], Tensor],
        *,
        chunk_size: int = 512,
        recomputes: bool = False,
        on_many: Callable[[int], None] | None = None,
    ) -> None:
        """Starts with an empty cache.

        Args:
            tokenize: N texts -> int64 [N, L].
            encode_text: int64 [N, L] -> [N, D'] in fp32, normalized as the scorer takes it.
            chunk_size: Maximum number of prompts encoded at once without gradient, or with it if `recomputes`; bounds
                memory.
            recomputes: Whether more prompts with gradient are encoded in chunks, each again in the backward pass: the
                memory of one chunk, for one more forward pass.
            on_many: Called with the number of prompts before a set of `MANY` or more prompts is embedded for the first
                time, which takes a while.
        """
        self._tokenize = tokenize
        self._encode_text = encode_text
        self._chunk_size = chunk_size
        self._recomputes = recomputes
        self._on_many = on_many
        self._told_of: set[tuple[tuple[str, ...], ...]] = set()
        self._tokens: dict[tuple[tuple[str, ...], ...], Tensor] = {}
        self._embeddings: dict[tuple[tuple[tuple[str, ...], ...], torch.device], Tensor] = {}

    def check_fit(self, prompts: tuple[tuple[str, ...], ...]) -> None:
        """Checks that the text tower can hold all prompts; the tokens are cached.

        Args:
            prompts: P prompts for each of C classes.

        Raises:
            ValueError: A prompt is too long; raised by `tokenize`.
        """
        self._all_tokens(prompts)

    def cached(self, prompts: tuple[tuple[str, ...], ...], device: torch.device) -> Tensor:
        """Embeddings of all prompts, without gradient.

        Args:
            prompts: P prompts for each of C classes.
            device: Where to compute and cache them.

        Returns:
            L2-normalized float32 [C, P, D'], with D' = D but for scorers that read tokens (`token_rows`).

        Raises:
            ValueError: A prompt is too long; raised by `tokenize`.
        """
        key = (prompts, device)
        if key not in self._embeddings:
            with torch.no_grad():
                tokens = self._all_tokens(prompts).flatten(0, 1)
                self._tell(prompts, len(tokens))
                chunks = tokens.split(self._chunk_size)
                embedded = torch.cat([self._encode_text(chunk.to(device)) for chunk in chunks])
            self._embeddings[key] = embedded.unflatten(0, (len(prompts), -1))
        return self._embeddings[key]

    def with_gradient(
        self, prompts: tuple[tuple[str, ...], ...], classes: Tensor, choice: Tensor, device: torch.device
    ) -> Tensor:
        """Embeddings of some prompts of some classes, with gradient and not cached.

        Args:
            prompts: P prompts for each of C classes.
            classes: Which classes, int64 [C'], on the CPU.
            choice: Which prompts of each, int64 [C', P'], on the CPU.
            device: Where to compute them.

        Returns:
            As `cached`, float32 [C', P', D'].
        """
        tokens = self._all_tokens(prompts)[classes[:, None], choice].flatten(0, 1).to(device)
        if self._recomputes and len(tokens) > self._chunk_size:
            chunks = tokens.split(self._chunk_size)
            embedded = torch.cat([checkpoint(self._encode_text, chunk, use_reentrant=False) for chunk in chunks])
        else:
            embedded = self._encode_text(tokens)
        return embedded.unflatten(0, choice.shape)

    def chosen(self, chosen: ChosenPrompts, device: torch.device, *, cached: bool = False) -> Tensor:
        """Embeddings of the prompts of a training step.

        Args:
            chosen: The prompts.
            device: Where to compute them.
            cached: Whether to take them from those of all prompts, `cached`, as the text tower is frozen; otherwise
                they are computed, `with_gradient`.

        Returns:
            As `cached`, float32 [C', P', D'].
        """
        if cached:
            return self.cached(chosen.prompts, device)[chosen.classes[:, None], chosen.choice]
        return self.with_gradient(chosen.prompts, chosen.classes, chosen.choice, device)

    def forget(self) -> None:
        """Drops all embeddings, after the text tower changed; keeps tokens."""
        self._embeddings.clear()

    def _tell(self, prompts: tuple[tuple[str, ...], ...], n_prompts: int) -> None:
        if self._on_many is not None and n_prompts >= MANY and prompts not in self._told_of:
            self._told_of.add(prompts)
            self._on_many(n_prompts)

    def _all_tokens(self, prompts: tuple[tuple[str, ...], ...]) -> Tensor:
        """int64 [C, P, L]."""
        if prompts not in self._tokens:
            flat = self._tokenize([prompt for of_class in prompts for prompt in of_class])
            self._tokens[prompts] = flat.unflatten(0, (len(prompts), -1))
        return self._tokens[prompts]
