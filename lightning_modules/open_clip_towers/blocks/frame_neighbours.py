"""Attention over neighbouring frames (Open-VCLIP): each frame attends to the tokens of the one before and after, too.

A neighbour that a clip does not have is all zeros, keys and values alike, which stay in the softmax: each of its tokens
has the logit 0 and the value 0. Leaving them out, or repeating the frame at the border, would be another model.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def with_neighbours(tokens: Tensor, n_frames: int) -> Tensor:
    """The keys, or the values, that each frame attends to: those of the frame before, its own, and of the one after.

    Args:
        tokens: Keys or values after projection, and after rotation where there is one, of B clips in order,
            [B * T, H, L, d].
        n_frames: T.

    Returns:
        [B * T, H, 3 L, d].

    Raises:
        ValueError: The frames are not whole clips of T.
    """
    n_all = tokens.shape[0]  # len() would fix it in an exported file
    if n_all % n_frames:
        raise ValueError(f"{n_all} frames are no whole number of clips of {n_frames} frames")
    clips = tokens.unflatten(0, (-1, n_frames))
    padded = functional.pad(clips, (0, 0, 0, 0, 0, 0, 1, 1))
    return torch.cat([padded[:, :n_frames], clips, padded[:, 2:]], dim=3).flatten(0, 1)


def given_to_frames(amounts: Tensor, n_frames: int) -> Tensor:
    """Adds what frames take of their neighbours to what these take of themselves: the transpose of `with_neighbours`.

    What goes to a neighbour that a clip does not have goes nowhere.

    Args:
        amounts: Of the tokens of the frame before, its own and the one after, [B * T, ..., 3 L].
        n_frames: T.

    Returns:
        How much of each token of a frame is taken, by itself and its neighbours, [B * T, ..., L].
    """
    before, own, after = amounts.unflatten(0, (-1, n_frames)).chunk(3, dim=-1)
    nothing = torch.zeros_like(own[:, :1])
    taken = own + torch.cat([before[:, 1:], nothing], dim=1) + torch.cat([nothing, after[:, :-1]], dim=1)
    return taken.flatten(0, 1)
