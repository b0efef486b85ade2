"""The mean of the frames of a view, whose product with a text is the score of the scorers that have such a vector.

mean_pooled_cosine   mean_t f_t, which is normalized then
mean_frame_cosine    mean_t (f_t / |f_t|), which is not
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

WITH_ONE_VECTOR = ("mean_pooled_cosine", "mean_frame_cosine")
"""These scorers. Others weigh frames by the text, or average probabilities."""


def pooled_frames(frames: Tensor, scorer: str) -> Tensor:
    """The mean of the frames of each view.

    Args:
        frames: Frame embeddings, not normalized, [B, V, T, D].
        scorer: One of `WITH_ONE_VECTOR`.

    Returns:
        [B, V, D].
    """
    return (functional.normalize(frames, dim=-1) if scorer == "mean_frame_cosine" else frames).mean(dim=2)
