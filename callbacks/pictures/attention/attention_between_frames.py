"""How much the frames of a clip attend to each other, layer by layer: by temporal tokens (T2L), or as neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord

_CELLS = "a row is a frame, its columns are the frames it attends to"
BY_TEMPORAL_TOKENS = (f"temporal tokens, mean over heads; {_CELLS}",)
AS_NEIGHBOURS = (
    f"all tokens of a frame, mean over heads; {_CELLS}",
    "what the first and the last lack of 100 % goes to zeros beyond the clip",
)
"""What the numbers are of, line by line, for a picture."""


def attention_between_frames(record: AttentionRecord) -> dict[int, Tensor]:
    """How much each frame attends to each.

    Args:
        record: One pass over one clip of T frames.

    Returns:
        By layer, mean over heads, [T, T]: of temporal tokens, or of the tokens of neighbouring frames (mean over the
        attending tokens). Empty where frames do not see each other.
    """
    found = {layer: weights[0].detach().float().mean(dim=0).cpu() for layer, weights in record.frames.items()}
    for layer in sorted(record.neighbour_layers):
        weights = record.layers[layer].detach()
        of_thirds = weights.unflatten(-1, (3, -1)).sum(dim=-1).mean(dim=(1, 2)).float().cpu()  # [T, 3]
        before, own, after = of_thirds.unbind(dim=1)
        found[layer] = torch.diag(own) + torch.diag(before[1:], -1) + torch.diag(after[:-1], 1)
    return found
