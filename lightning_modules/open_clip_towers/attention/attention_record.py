"""AttentionRecord: the attention of a visual tower in one pass over some frames.

Letters: N frames (of all videos of the pass), H heads, L tokens of a frame, T frames of a view, h x w patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.open_clip_towers.visual.models_that_work import TAKE_A_VIT
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

AttentionKind = Literal["tokens", "tokens_and_temporal", "frames", "neighbours"]
"""What attends to what: the tokens of a frame to each other, these and a temporal token at the end, the frames of a
view to each other, or the tokens of a frame to those of the frame before, their own and of the one after."""
Pooling = Literal["token", "average", "attention"]
"""How a tower makes one vector of a frame's tokens: its class token, the mean of its patches, or a learned query that
attends to its tokens."""


@dataclass(frozen=True)
class TokenLayout:
    """The tokens of a frame, in their order: class token, registers, patches row by row, temporal token.

    Attributes:
        n_class_tokens: 0 or 1.
        n_registers: Number of register tokens.
        grid: h and w, the patches in a column and in a row.
        pooling: How the tower pools the tokens.
        pools_all: Whether average and attention pooling use all tokens; otherwise the patches alone.
    """

    n_class_tokens: int
    n_registers: int
    grid: tuple[int, int]
    pooling: Pooling
    pools_all: bool = False

    @property
    def n_prefix(self) -> int:
        """Number of tokens before the patches."""
        return self.n_class_tokens + self.n_registers

    @property
    def n_tokens(self) -> int:
        """L, without a temporal token."""
        return self.n_prefix + self.grid[0] * self.grid[1]

    @property
    def pooled_rows(self) -> slice:
        """The tokens that are pooled."""
        if self.pooling == "token":
            return slice(0, 1)
        return slice(0 if self.pools_all else self.n_prefix, self.n_tokens)


class AttentionRecord:
    """What `OpenClipBackbone.observed_attention` has seen.

    Attributes:
        layout: The tokens of a frame; set by the pass.
        layers: For each layer, attention weights [N, H, L', L'], each row (query) summing to 1; L' is L + 1 where the
            layer has a temporal token, else L; [N, H, L, 3 L] where frames attend to their neighbours.
        frames: By layer, the attention between the frames of a view [B, H, T, T], where the model has temporal tokens.
        temporal_layers: The layers with a temporal token.
        neighbour_layers: The layers in which frames attend to their neighbours.
        n_frames: T of the clips in these layers; None without any.
        pool: With attention pooling, the attention of the pooled token to the tokens of the last layer that are pooled
            [N, H, 1, S].
    """

    def __init__(self, *, gradient: bool) -> None:
        """Starts empty.

        Args:
            gradient: Whether all weights are part of an autograd graph, even if no parameter is trained.
        """
        self._gradient = gradient
        self.layout: TokenLayout | None = None
        self.layers: list[Tensor] = []
        self.frames: dict[int, Tensor] = {}
        self.temporal_layers: set[int] = set()
        self.neighbour_layers: set[int] = set()
        self.n_frames: int | None = None
        self.pool: Tensor | None = None

    @property
    def tokens(self) -> TokenLayout:
        """The tokens of a frame.

        Raises:
            RuntimeError: No frames were embedded.
        """
        if self.layout is None:
            raise RuntimeError("no attention was observed: embed frames within `observed_attention()`")
        return self.layout

    def on_graph(self, weights: Tensor) -> Tensor:
        """The weights, with a gradient if the record is made for one."""
        if self._gradient and torch.is_grad_enabled() and not weights.requires_grad:
            weights.requires_grad_()
        return weights

    def begin(self) -> None:
        """Notes that a pass begins.

        Raises:
            RuntimeError: There was one before; the attention of two passes must not be mixed.
        """
        if self.layout is not None or self.layers:
            raise RuntimeError("frames were embedded twice within one `observed_attention()`; take one for each pass")

    def add(self, layer: int, weights: Tensor, kind: AttentionKind, *, n_frames: int | None = None) -> None:
        """Notes the attention of a layer.

        Args:
            layer: Counted from 0.
            weights: [N, H, L', L'], [N, H, L, 3 L] with neighbours, or [B, H, T, T] between frames.
            kind: What attends to what.
            n_frames: T of the clips, where frames attend to their neighbours.
        """
        if kind == "frames":
            self.frames[layer] = weights
            return
        assert layer == len(self.layers), f"layer {layer} was observed after {len(self.layers)} layers"
        self.layers.append(weights)
        if kind == "tokens_and_temporal":
            self.temporal_layers.add(layer)
        if kind == "neighbours":
            self.neighbour_layers.add(layer)
            self.n_frames = n_frames

    def finish(self, layout: TokenLayout) -> None:
        """Notes the tokens at the end of a pass, and checks that what was observed is of them.

        Raises:
            BackboneError: The attention is not between the tokens of the layout.
        """
        self.layout = layout
        for layer, weights in enumerate(self.layers):
            n_tokens = layout.n_tokens + (layer in self.temporal_layers)
            n_attended = 3 * n_tokens if layer in self.neighbour_layers else n_tokens
            if weights.shape[-2:] != (n_tokens, n_attended):
                raise BackboneError(
                    f"the attention of layer {layer} is {weights.shape[-2]} x {weights.shape[-1]}, but a frame has "
                    f"{n_tokens} tokens, so that there is no map over the patches; embed frames in evaluation mode, "
                    f"without patch dropout, or {TAKE_A_VIT}"
                )

    def of_pooled_token(self) -> Tensor:
        """The attention of the pooled token to the tokens of its frame, and to those of its neighbours, if it has any.

        With a class token it is the attention of this token in the last layer; with average pooling the mean of that of
        the pooled tokens; with attention pooling that of the learned query, after the last layer.

        Returns:
            [N, H, L'], summing to 1 over L'; [N, H, 3 L] where frames attend to their neighbours in the last layer.
        """
        if self.tokens.pooling != "attention":
            return self.layers[-1][:, :, self.tokens.pooled_rows].mean(dim=2)
        assert self.pool is not None
        return functional.pad(self.pool[:, :, 0], (self.tokens.pooled_rows.start, 0))
