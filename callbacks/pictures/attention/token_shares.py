"""TokenShares: how attention or relevance is divided among the tokens of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout

_DIGITS = 7


@dataclass(frozen=True)
class TokenShares:
    """Shares of the tokens of N frames. For each frame all of them sum to 1, or to 0 if its total is 0.

    Attributes:
        patches: float32 [N, h, w].
        class_token: float32 [N].
        registers: float32 [N], of all register tokens together.
        temporal: float32 [N], of the temporal tokens of all layers together.
        total: float32 [N], what is divided: 1 for attention; relevance has the unit of the score that it explains.
    """

    patches: Tensor
    class_token: Tensor
    registers: Tensor
    temporal: Tensor
    total: Tensor

    def to_dict(self) -> dict[str, Any]:
        """Numbers for JSON; `patches` is a list of rows for each frame, `patch_share` their sum."""
        return {
            "patches": rounded(self.patches),
            "patch_share": rounded(self.patches.sum(dim=(1, 2))),
            "class_token_share": rounded(self.class_token),
            "register_share": rounded(self.registers),
            "temporal_token_share": rounded(self.temporal),
            "total": rounded(self.total),
        }


def token_shares(amounts: Tensor, layout: TokenLayout) -> TokenShares:
    """Divides the amount of each token by that of all tokens of its frame.

    Args:
        amounts: Not negative, [N, L + 1]; the last is that of the temporal tokens, 0 without any.
        layout: The tokens.
    """
    amounts = amounts.detach().float().cpu()
    total = amounts.sum(dim=1)
    shares = amounts / total.where(total > 0, 1)[:, None]
    prefix, patches, temporal = shares.split([layout.n_prefix, layout.n_tokens - layout.n_prefix, 1], dim=1)
    n_class = layout.n_class_tokens
    return TokenShares(
        patches.unflatten(1, layout.grid),
        prefix[:, :n_class].sum(dim=1),
        prefix[:, n_class:].sum(dim=1),
        temporal[:, 0],
        total,
    )


def rounded(values: Tensor) -> Any:  # noqa: ANN401 - nested lists of floats
    """Nested lists of numbers with seven significant digits."""
    numbers = values.tolist()
    return _rounded(numbers)


def _rounded(numbers: Any) -> Any:  # noqa: ANN401
    if isinstance(numbers, list):
        return [_rounded(number) for number in numbers]
    return float(f"{numbers:.{_DIGITS}g}")
