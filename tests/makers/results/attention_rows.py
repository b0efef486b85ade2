"""Rows of attention maps with random shares, of frames of 2 x 2 patches."""

import torch

from zsar.callbacks.pictures.attention.attention_figure import MapRow
from zsar.callbacks.pictures.attention.token_shares import TokenShares, token_shares
from zsar.lightning_modules.open_clip_towers.attention.attention_record import TokenLayout

LAYOUT = TokenLayout(1, 0, (2, 2), "token")


def shares(n_frames: int) -> TokenShares:
    """The same for each call."""
    draws = torch.Generator().manual_seed(0)
    return token_shares(torch.rand(n_frames, 6, generator=draws).softmax(dim=1), LAYOUT)


def row(
    n_frames: int = 3, *, model: str = "T2L (tested)", title: str = "last block", divided: str | None = None
) -> MapRow:
    """A row."""
    return MapRow(model, "predicts a (0.50)", title, shares(n_frames), divided)
