"""Which frames of a video to look at: index arithmetic, 0-based, without any video.

Every function returns int64 indices in [0, n_frames), in the order of time; where there are fewer frames than samples,
frames repeat evenly. Source: T2L's data code (Shahzadnit/T2L) for the centre and the random indices.
"""

from __future__ import annotations

import torch
from torch import Tensor


def centre_indices(n_frames: int, n_samples: int) -> Tensor:
    """The middle frame of each of T equal segments: the one view that most methods are tested on.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames wanted.

    Returns:
        int64 [T]: floor(i N / T + (N / T - 1) / 2), or i N // T where N <= T.

    Raises:
        ValueError: A number is below 1.
    """
    _check(n_frames=n_frames, n_samples=n_samples)
    i = torch.arange(n_samples)
    if n_frames <= n_samples:
        return i * n_frames // n_samples
    # Over the common denominator 2 T, because the formula in floating point may fall just below a whole number.
    return ((2 * i + 1) * n_frames - n_samples) // (2 * n_samples)


def random_segment_indices(n_frames: int, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """One frame from each of T equal segments, drawn uniformly: the sampling of training.

    The segments are equal although N / T may be no whole number: over all draws every frame is equally likely.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames wanted.
        generator: The source of randomness; torch's global one by default.

    Returns:
        int64 [T]: floor((i + u_i) N / T) with u_i uniform in [0, 1).

    Raises:
        ValueError: A number is below 1.
    """
    _check(n_frames=n_frames, n_samples=n_samples)
    u = torch.rand(n_samples, generator=generator, dtype=torch.float64)
    positions = (torch.arange(n_samples) + u) * n_frames / n_samples
    # A u next to 1 may round up to the next whole number, which is out of range for the last segment.
    return positions.long().clamp(max=n_frames - 1)


def multi_clip_indices(n_frames: int, n_samples: int, n_clips: int) -> Tensor:
    """Several views of a video in time, each of which spans all of it, interleaved evenly.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames of each clip.
        n_clips: The number of clips.

    Returns:
        int64 [n_clips, T]: of the centre indices of T n_clips samples, clip v takes every n_clips-th from the v-th on.
        A single clip is `centre_indices`.

    Raises:
        ValueError: A number is below 1.
    """
    _check(n_frames=n_frames, n_samples=n_samples, n_clips=n_clips)
    return centre_indices(n_frames, n_samples * n_clips).view(n_samples, n_clips).T.contiguous()


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1; got {number}")
