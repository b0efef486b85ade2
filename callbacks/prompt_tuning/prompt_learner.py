"""Prompts with learnable context tokens: [start][context][class text .][end] -> class embeddings (TPT, CoOp).

One context serves all classes. A prompt learner holds only fixed data: the tokens of the class texts and the position
of the context; contexts are arguments, one for each video, so that many videos are tuned at a time.

Learnable are the tokens of the context only. What the tokenizer puts around a text (start, end) is fixed, and so is
padding: where a tower sees it (SigLIP, CLIPA, MobileCLIP-S), a prompt keeps it up to the whole context length, and
is read where the tower reads any text (`TextTower.reads`). Assembled from the phrase's own tokens, a prompt is what the
tokenizer makes of the whole text; with a tokenizer or a text for which this fails, prompts are refused.

Exact savings: sequences end where nothing that follows affects their embedding (`n_needed`), parts contain texts of
similar length, and in causal towers the leading positions shared by all prompts (mostly start and context) are computed
once per video. Only the last holds for a scorer that reads tokens (`token_rows`): then every prompt fills the context,
as padding has embeddings, too, which depend on the context tokens before it. Where these tokens are held constant in
the gradient (`Saliency`), they are computed without one, and the end of a prompt as for other scorers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.blocks.tower_block import TextBlockForward
from zsar.lightning_modules.open_clip_towers.text.open_clip_text import OpenClipText
from zsar.lightning_modules.recognition.scorers.token_rows import token_rows
from zsar.runtime.choices import check_choice

ClassPosition = Literal["end", "middle", "front"]
Saliency = Literal["exact", "constant"]
_MOST_PADDING = 1.3  # maximum ratio of a part's longest to its shortest text
_SMALLEST_PART = 16  # prompts; smaller products cost more than some padding
# Activations stored for the gradient, per token and layer, in widths of the tower: 5 of attention, 8 of the MLP,
# adapters and those of the fused attention.
_KEPT_WIDTHS = 20
_CLOSING_MARKS = (".", "!", "?")


class PromptLearner:
    """The prompts of C classes, P each, around a learnable context of some tokens.

    Attributes:
        shape: C and P.
        bytes_per_video: Approximate memory of the gradient of all prompts of one video.
        holds_tokens: Whether the gradient is that of `encode_ends` alone.
    """

    def __init__(
        self,
        text: OpenClipText,
        texts: Sequence[Sequence[str]],
        *,
        phrase: str | None,
        n_context: int,
        class_position: ClassPosition,
        device: torch.device,
        block_forward: TextBlockForward | None = None,
        reads_tokens: bool = False,
        saliency: Saliency = "exact",
        full_stop: bool = True,
    ) -> None:
        """Prepares the prompts.

        Args:
            text: Tokenizer and text tower.
            texts: P texts for each of C classes. If a text begins with the phrase, the context replaces the phrase.
            phrase: Initial words of the context; None for another context.
            n_context: Number of context tokens.
            class_position: Where the text is placed: after the context ("end"), in its middle, or before it. In the
                latter two, the text's closing mark stays last (CoOp).
            device: Device of the tower.
            block_forward: How to run each text block; None for CLIP's default.
            reads_tokens: Whether the scorer reads the embeddings of all tokens (`Scoring.reads_tokens`).
            saliency: Whether the gradient is "exact", or all tokens of a prompt but its end are held "constant" in it.
            full_stop: Whether a text without a closing mark gets a full stop, as in TPT.

        Raises:
            ValueError: Tokens are held constant that the scorer does not read; or not even the first sentence of a text
                fits together with the context.
            BackboneError: Prompts cannot be assembled with the tokenizer, or the tower takes no token embeddings.
        """
        check_choice(Saliency, saliency=saliency)
        if saliency == "constant" and not reads_tokens:
            raise ValueError("saliency is 'constant', but only the scorer concept_spotting has one; leave it out")
        self._text = text
        self._block_forward = block_forward
        self.shape = (len(texts), len(texts[0]))
        flat = [_without_phrase(one, phrase) for of_class in texts for one in of_class]
        flat = [_closed(one) if full_stop else one.rstrip() for one in flat]
        is_after = _n_before(n_context, class_position) > 0
        bodies = text.tokens_between(flat, reserved=n_context, after=phrase if is_after else "")
        frame = text.frame
        ends = [frame.keeps_marks and one.endswith(_CLOSING_MARKS) for one in flat]
        laid_out = [_laid_out(body, n_context, class_position, ends=e) for body, e in zip(bodies, ends, strict=True)]
        rows = [[*frame.before, *row, *frame.after] for row in laid_out]
        rows.sort(key=len)
        order = sorted(range(len(bodies)), key=lambda i: len(bodies[i]))
        self._sorted = torch.tensor(order, device=device)
        self._unsorted = self._sorted.argsort()
        tokens = torch.tensor([row + [frame.padding] * (text.context_length - len(row)) for row in rows])
        self._reads_tokens, self.holds_tokens = reads_tokens, saliency == "constant"
        is_whole = reads_tokens and not self.holds_tokens
        self._lengths: list[int] = (
            [text.context_length] * len(rows) if is_whole else text.tower.n_needed(tokens).tolist()
        )
        if not reads_tokens:
            tokens = tokens[:, : max(self._lengths)]
        self._n_shared = _n_shared(tokens, len(rows[0]) - 1) if text.shares_beginnings else 0
        self._n_layers, self._width = text.tower.n_layers, text.width
        self._tokens = tokens.to(device)
        self._context_at = torch.where(tokens < 0, -1 - tokens, -1).to(device)
        self._has_context: list[bool] = (tokens < 0).any(dim=0).tolist()  # of each position, without a device sync
        with torch.no_grad():
            embedded = text.embed_tokens(tokens.clamp(min=0).to(device))
            self._embedded = embedded.to(torch.promote_types(embedded.dtype, torch.float32))
        self.bytes_per_video = sum(self._bytes(part) for part in self.parts())

    def encode(self, contexts: Tensor, part: slice) -> Tensor:
        """Computes the class embeddings of a part of the prompts.

        Args:
            contexts: One context for each of G videos, float32 [G, n_context, W].
            part: The prompts, one of `parts`.

        Returns:
            L2-normalized float32 [G, N, D], or `token_rows` [G, N, (1 + L) * D], differentiable in the contexts;
            float64 where the contexts are.
        """
        if not self._reads_tokens:
            return self.encode_ends(contexts, part)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.holds_tokens):
            rows = token_rows(self._run(contexts, part, self._text.context_length, self._text.encode_embedded_tokens))
        if not (self.holds_tokens and torch.is_grad_enabled()):
            return rows
        ends = self.encode_ends(contexts, part)
        return torch.cat([ends, rows[..., ends.shape[-1] :]], dim=-1)

    def encode_ends(self, contexts: Tensor, part: slice) -> Tensor:
        """The embeddings of prompts alone, as `encode`: [G, N, D]."""
        embedded = self._run(contexts, part, max(self._lengths[part]), self._text.encode_embedded)
        return token_rows(embedded[:, :, None])

    def _run(self, contexts: Tensor, part: slice, length: int, encode: Callable[..., Tensor]) -> Tensor:
        """What the tower makes of the first positions of a part for each of G videos, [G, N, ...]."""
        shared = self._n_shared
        with torch.autocast(contexts.device.type, enabled=False):
            suffix = self._with_context(contexts, part, slice(shared, length))
            prefix = self._with_context(contexts, slice(part.start, part.start + 1), slice(0, shared))
            embedded = encode(
                suffix.flatten(0, 1),
                self._tokens[part, :length].repeat(len(contexts), 1),
                prefix=prefix[:, 0] if shared else None,
                block_forward=self._block_forward,
            )
        return embedded.unflatten(0, (len(contexts), -1))

    def assemble(self, parts: Sequence[Tensor]) -> Tensor:
        """Concatenates all parts [G, N, D], in order, as [G, C, P, D]."""
        return torch.cat(tuple(parts), dim=1)[:, self._unsorted].unflatten(1, self.shape)

    def split_part(self, of_classes: Tensor, part: slice) -> Tensor:
        """Selects the rows of a part from [G, C, P, D], as [G, N, D]: the inverse of `assemble`."""
        return of_classes.flatten(1, 2)[:, self._sorted[part]]

    def parts(self, *, most_bytes: float | None = None) -> list[slice]:
        """Splits all prompts into parts of similar length.

        Args:
            most_bytes: Memory limit of a part for the gradient of one video; None for no limit. A part has at least
                one prompt.
        """
        parts: list[slice] = []
        start, end = 0, len(self._lengths)
        for i in range(1, end + 1):
            is_long = i < end and self._own(i) > _MOST_PADDING * self._own(start) and i - start >= _SMALLEST_PART
            is_large = i < end and most_bytes is not None and self._bytes(slice(start, i + 1)) > most_bytes
            if i == end or is_long or is_large:
                parts.append(slice(start, i))
                start = i
        return parts

    def _own(self, row: int) -> int:
        return self._lengths[row] - self._n_shared

    def _bytes(self, part: slice) -> float:
        n_tokens = (part.stop - part.start) * self._own(part.stop - 1)
        return 4.0 * _KEPT_WIDTHS * n_tokens * self._width * self._n_layers

    def _with_context(self, contexts: Tensor, part: slice, positions: slice) -> Tensor:
        """Token embeddings [G, N, L, W] of a part at given positions."""
        fixed, context_at = self._embedded[part, positions], self._context_at[part, positions]
        if not any(self._has_context[positions]):
            return fixed.expand(len(contexts), -1, -1, -1)
        return torch.where((context_at >= 0)[..., None], contexts[:, context_at.clamp(min=0)], fixed)


def phrase_tokens(text: OpenClipText, phrase: str, class_position: ClassPosition = "end") -> Tensor:
    """The tokens of a phrase, one for each context token: int64 [n_context], on the CPU.

    Args:
        text: The tokenizer.
        phrase: The words.
        class_position: Where the text of a class is placed; behind it, some tokenizers read the first word differently.

    Raises:
        ValueError: The phrase is empty, or leaves no room for a text.
    """
    (tokens,) = text.tokens_between([phrase], reserved=2, after=None if class_position == "front" else "")
    if not tokens:
        raise ValueError(f"the phrase {phrase!r} has no tokens to initialize the context from")
    return torch.tensor(tokens)


def _closed(text: str) -> str:
    text = text.rstrip()
    return text if text.endswith(_CLOSING_MARKS) else f"{text}."


def _without_phrase(text: str, phrase: str | None) -> str:
    begins = phrase is not None and text.casefold().startswith(f"{phrase.casefold()} ")
    return text[len(phrase) + 1 :] if begins and phrase is not None else text


def _n_before(n_context: int, class_position: ClassPosition) -> int:
    """Number of context tokens before the text of a class."""
    return {"end": n_context, "middle": n_context // 2, "front": 0}[class_position]


def _laid_out(body: list[int], n_context: int, class_position: ClassPosition, *, ends: bool) -> list[int]:
    """Tokens between start and end; -1 - i stands for the i-th token of the context.

    Args:
        body: The tokens of a text.
        n_context: Number of context tokens.
        class_position: Where the text is placed.
        ends: Whether its last token is a mark, which stays last.
    """
    context = [-1 - i for i in range(n_context)]
    n_before, n_words = _n_before(n_context, class_position), len(body) - ends
    if class_position == "end":
        return context + body
    return [*context[:n_before], *body[:n_words], *context[n_before:], *body[n_words:]]


def _n_shared(tokens: Tensor, first_end: int) -> int:
    """Number of leading positions equal in all rows [N, L] and before the first end token."""
    is_shared = (tokens == tokens[:1]).all(dim=0).int().cumprod(dim=0)
    return min(int(is_shared.sum()), first_end)
