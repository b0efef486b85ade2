"""What a tokenizer puts around a text: start, end and padding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenFrame:
    """What a tokenizer puts around a text.

    Attributes:
        before: Tokens before it, such as a start token; none for SigLIP.
        after: Tokens behind it, such as an end token.
        padding: The token of which the rest of a row consists.
        keeps_marks: Whether a full stop is a token; SigLIP's cleaning removes all marks.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    padding: int
    keeps_marks: bool

    def __len__(self) -> int:
        """Number of tokens besides those of the text."""
        return len(self.before) + len(self.after)
