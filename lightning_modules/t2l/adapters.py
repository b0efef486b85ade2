"""The bottleneck adapter of AIM (Yang et al. 2023), as T2L uses it in both towers (T2L, section 3.2.1 and Eq. 5)."""

from __future__ import annotations

from torch import Tensor, nn


class Adapter(nn.Module):
    """x + up(GELU(down(x))), with `up` initialized to zero: the adapted model starts equal to the original."""

    def __init__(self, width: int, *, reduction: int = 4) -> None:
        """Starts as the identity, with `up` at zero.

        Args:
            width: D, the width of the tokens.
            reduction: The bottleneck is D / reduction wide.

        Raises:
            ValueError: The bottleneck would be empty.
        """
        super().__init__()
        if not 1 <= reduction <= width:
            raise ValueError(f"an adapter's reduction must be between 1 and the width {width}; got {reduction}")
        self.down = nn.Linear(width, width // reduction)
        self.activation = nn.GELU()
        self.up = nn.Linear(width // reduction, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Adapts tokens [..., D] -> [..., D]."""
        return x + self.up(self.activation(self.down(x)))
