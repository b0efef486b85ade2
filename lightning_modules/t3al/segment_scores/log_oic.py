"""LogOIC and actionness, by which FreeZAD (arXiv 2501.13795) ranks segments, as its authors' code has them.

LogOIC is high for a segment that is similar to its label inside and not just outside of it: the mean and the largest
similarity inside, less a fifth of each side's weighted mean. The outside is a quarter of the segment long on each side,
and counts for less the farther it is from the boundary. Similarities are temperature x cosine of single frames, neither
smoothed nor scaled within the video, so that scores compare between videos.

Everything is float64.
"""

from __future__ import annotations

import torch
from torch import Tensor

_OUTSIDE_SHARE = 0.25  # of the length of the segment, on each side
_OUTSIDE_WEIGHT = 0.2


def log_oic(similarities: Tensor, first: int, end: int) -> float:
    """LogOIC of a segment.

    The authors truncate the outer ends of both sides to whole frames: of a segment of L frames the left side has
    ceil(L / 4) frames, the right one floor(L / 4), as far as the video has them. A side without frames counts nothing.

    Args:
        similarities: Of all frames, float [N].
        first: Index of the first frame inside.
        end: Index of the first frame behind it, above `first` and at most N.

    Returns:
        mean(inside) + max(inside) - 0.2 left - 0.2 right.

    Raises:
        ValueError: The segment has no frame, or is not in the video.
    """
    if not 0 <= first < end <= len(similarities):
        raise ValueError(
            f"LogOIC needs a segment of at least 1 of the {len(similarities)} frames; got frames {first} to {end}, the "
            "last one excluded"
        )
    values = similarities.double()
    reach = _OUTSIDE_SHARE * (end - first)
    inside = values[first:end]
    left = values[max(int(first - reach), 0) : first].flip(0)  # from the boundary on
    right = values[end : int(end + reach)]
    outside = _weighted_mean(left) + _weighted_mean(right)
    return float(inside.mean() + inside.amax() - _OUTSIDE_WEIGHT * outside)


def boundary_weights(n_frames: int) -> Tensor:
    """Weights of the frames beside a boundary, the nearest first: 1 / ln(k + 1) for k = 1, 2, ..., as shares of 1.

    Args:
        n_frames: n, at least 0.

    Returns:
        float64 [n].
    """
    weights = 1 / torch.arange(2, n_frames + 2, dtype=torch.float64).log()
    return weights / weights.sum()


def actionness(frames: Tensor) -> float:
    """How much happens in a segment: the sigmoid of the energy of its frames' spectrum over time.

    The energy of the Fourier transform, summed over frequencies, is that of the frames times their number (Parseval),
    so that nothing is transformed: sigmoid(mean over D of L sum over t f^2). It grows with the square of the length
    and depends on the scale of features: with unnormalized ones it is 1 for all but the shortest segments.

    Args:
        frames: Embeddings of the L frames of a segment, not normalized, without the background, float [L, D].

    Returns:
        From 0.5 to 1.
    """
    energy = len(frames) * frames.double().square().sum(dim=0).mean()
    return float(energy.sigmoid())


def _weighted_mean(from_boundary: Tensor) -> Tensor:
    """The weighted mean of the frames of a side, [n]; 0 without frames."""
    return boundary_weights(len(from_boundary)) @ from_boundary
