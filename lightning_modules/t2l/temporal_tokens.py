"""Temporal tokens: how the frames of a video interact in T2L (section 3.2.1, Eq. 2 and 3).

Each layer l has T learned tokens P[l]. The mean of all tokens of frame t is added to P[l, t]; the T sums attend to each
other through the layer's frozen attention; the result is given to frame t as an additional token. Table 7 also has a
model with tokens in the first layer only (`prompt.DEEP` false in the authors' code); other layers are then CLIP's.

A temporal token has no place in the picture: where a tower has rotary positions (EVA-02, PE-Core), neither it nor the
sums of the frames are rotated, like the tower's class token. CLIP, of which the paper is, has none.

Departure: the paper duplicates the attention block and freezes both; using one frozen block twice is equivalent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

TokenLayers = Literal["all", "first", "none"] | list[int]


def layers_with_tokens(choice: TokenLayers, n_layers: int) -> tuple[int, ...]:
    """The layers that have temporal tokens (T2L, Table 7).

    Args:
        choice: All layers, the first, none, or a list of layers, counted from 0.
        n_layers: L, the layers of the visual tower.

    Returns:
        The layers, ascending.

    Raises:
        ValueError: A layer is listed twice or is not below L, the list is empty, or the choice is none of these.
    """
    named = {"all": tuple(range(n_layers)), "first": (0,), "none": ()}
    if isinstance(choice, str) and choice in named:
        return named[choice]
    if isinstance(choice, str | bool):
        raise ValueError(f"temporal_tokens is {choice!r}; give all, first, none, or a list of layers")
    wrong = [layer for layer in choice if not 0 <= layer < n_layers]
    if wrong:
        raise ValueError(f"temporal_tokens lists layer {wrong[0]}, but the tower has the layers 0 to {n_layers - 1}")
    if len(set(choice)) < len(choice) or not choice:
        raise ValueError(f"temporal_tokens is {list(choice)}; list each layer once, or give none for no layers")
    return tuple(sorted(choice))


class TemporalTokens(nn.Module):
    """The learned tokens P [K, T, D] of the K layers that have some.

    Attributes:
        layers: These layers, counted from 0, in the order of P.
    """

    def __init__(
        self,
        layers: Sequence[int],
        n_frames: int,
        width: int,
        *,
        dropout: float = 0.1,
        standard_deviation: float | None = None,
        interpolate: bool = False,
    ) -> None:
        """Draws the tokens.

        Args:
            layers: The layers of the visual tower that have tokens, counted from 0.
            n_frames: T, frames per view in training.
            width: D, the width of the visual tower.
            dropout: Dropout probability of each value of P in training.
            standard_deviation: Draws P from a normal distribution with this width; None for the authors' uniform
                distribution on (-v, v), v = sqrt(6 / (3 * 16 * 16 + D)).
            interpolate: Whether to accept other numbers of frames than T by resampling P linearly over time.

        Raises:
            ValueError: There are no frames, or the standard deviation is not positive.
        """
        super().__init__()
        if n_frames < 1:
            raise ValueError(f"temporal tokens need at least one frame; got n_frames={n_frames}")
        if standard_deviation is not None and standard_deviation <= 0:
            raise ValueError(f"the tokens' standard deviation must be positive; got {standard_deviation}")
        self.layers = tuple(layers)
        self.tokens = nn.Parameter(torch.empty(len(self.layers), n_frames, width))
        self.dropout = nn.Dropout(dropout)
        self.interpolate = interpolate
        if standard_deviation is None:
            bound = math.sqrt(6 / (3 * 16 * 16 + width))  # the reference uses 16 for any patch size
            nn.init.uniform_(self.tokens, -bound, bound)
        else:
            nn.init.normal_(self.tokens, std=standard_deviation)

    def forward(self, layer: int, frame_means: Tensor) -> Tensor:
        """Adds the frames' means to the layer's tokens (Eq. 2).

        Args:
            layer: l, counted from 0; one of `layers`.
            frame_means: Mean over all tokens of each frame, class token included, [B, T, D].

        Returns:
            [B, T, D]. Dropout affects only P, equally for all videos, as in the authors' code.

        Raises:
            ValueError: T differs from training and `interpolate` is off.
        """
        tokens = self.dropout(self.tokens[self.layers.index(layer)])
        n_frames = frame_means.shape[1]
        if n_frames != tokens.shape[0]:
            if not self.interpolate:
                raise ValueError(
                    f"the model has temporal tokens for {tokens.shape[0]} frames, but the clip has {n_frames}; use "
                    f"{tokens.shape[0]} frames, or set interpolate_temporal_tokens to resample the tokens over time"
                )
            resampled = functional.interpolate(tokens.T[None], size=n_frames, mode="linear", align_corners=True)
            tokens = resampled[0].T
        return tokens + frame_means
