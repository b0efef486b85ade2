"""How much the frames of a video differ from each other, which T2L's loss raises (T2L, Figure 3a). numpy only.

With the L2-normalized frame embeddings x_1 ... x_T of a view: the step between neighbours is the mean cosine distance
1 - x_t . x_{t+1}; the spread is their mean squared distance from their mean, 1 - |mean_t x_t|^2. Neither depends on the
length of the embeddings. The variance V and the central difference C of T2L's loss (Eq. 8, 9) do: they are those of
the embeddings as they are, over time, averaged over their D entries; V + C is what the loss raises. With several views,
each number is the mean over the views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FrameSpread:
    """One video, or the mean of several.

    Attributes:
        step: Mean cosine distance of neighbouring frames; 0 with one frame.
        spread: Mean squared distance of the normalized frames from their mean.
        variance: Variance over time of the embeddings as they are, mean over their entries (V in T2L's loss).
        difference: Absolute central difference over time, the edges repeated outwards, mean over their entries (C).
    """

    step: float
    spread: float
    variance: float
    difference: float

    @property
    def diversity(self) -> float:
        """V + C: T2L's loss is 1 / (1 + V + C)."""
        return self.variance + self.difference

    def to_dict(self) -> dict[str, float]:
        """For JSON, rounded to 8 digits."""
        return {name: round(value, 8) for name, value in asdict(self).items()}


def frame_spread(frames: NDArray[np.floating]) -> FrameSpread:
    """Measures one video.

    Args:
        frames: Frame embeddings of its views, not normalized, [V, T, D].

    Returns:
        The numbers.
    """
    x = np.asarray(frames, dtype=np.float64)
    unit = unit_length(x)
    steps = 1 - (unit[:, 1:] * unit[:, :-1]).sum(axis=-1)
    spread = ((unit - unit.mean(axis=1, keepdims=True)) ** 2).sum(axis=-1)
    edged = np.concatenate([x[:, :1], x, x[:, -1:]], axis=1)
    return FrameSpread(
        float(steps.mean()) if steps.size else 0.0,
        float(spread.mean()),
        variance=float(x.var(axis=1).mean()),
        difference=float((np.abs(edged[:, 2:] - edged[:, :-2]) / 2).mean()),
    )


def mean_spread(videos: Sequence[FrameSpread]) -> FrameSpread:
    """The mean of each number over some videos, at least one."""
    numbers = np.array([(video.step, video.spread, video.variance, video.difference) for video in videos])
    return FrameSpread(*numbers.mean(axis=0).tolist())


def unit_length(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """L2-normalizes the last axis; zeros stay zero."""
    x = np.asarray(vectors, dtype=np.float64)
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-12)
