"""Which frames of a video to use: index arithmetic only, 0-based.

Every function returns int64 indices in [0, n_frames), in order of time; if there are fewer frames than samples, frames
repeat evenly. Source: T2L's data code (Shahzadnit/T2L) for the centre and the random indices; mmaction's for its own
(ViFi-CLIP's authors), at most one frame apart; BIKE's (whwu95/BIKE) for the left ends and for segments that share ends.

In training mmaction's segments are floor(N / T) frames long, so that up to T - 1 frames at the end of a video are never
seen; here the segments of training cover the whole video.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import torch
from torch import Tensor

from zsar.datamodules.views.strided_sampling import StridedSampling, is_strided, random_strided_indices, strided_indices
from zsar.runtime.number_limits import check_least

SegmentSampling = Literal["t2l", "mmaction", "left"]
"""Which frame stands for a segment of N / T frames: (N / T - 1) / 2 or N / (2 T) after its start, or its start."""

Sampling = Literal[SegmentSampling, StridedSampling]
"""Frames that stand for segments of the whole video, or frames at a fixed distance in time from a stretch of it."""

TrainSampling = Literal["random", "random_shared_ends", "centre"]
"""Where a training frame is taken: at random in one of T equal segments or of T that share ends, or at its centre."""


def centre_indices(n_frames: int, n_samples: int, *, sampling: Sampling = "t2l") -> Tensor:
    """The middle frame of each of T equal segments, or its first: the test view of most methods.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames wanted.
        sampling: Which frame of a segment is taken.

    Returns:
        int64 [T]: of "t2l" floor(i N / T + (N / T - 1) / 2), or i N // T if N <= T; of "mmaction"
        floor((i + 1/2) N / T); of "left" floor(i N / T).

    Raises:
        ValueError: A number is below 1.
    """
    check_least(1, n_frames=n_frames, n_samples=n_samples)
    assert not is_strided(sampling), "frames at a fixed distance in time are of no segments"
    i = torch.arange(n_samples)
    if sampling == "mmaction":
        return (2 * i + 1) * n_frames // (2 * n_samples)
    if n_frames <= n_samples or sampling == "left":
        return i * n_frames // n_samples
    # With the common denominator 2 T, because in floating point the formula may fall just below an integer.
    return ((2 * i + 1) * n_frames - n_samples) // (2 * n_samples)


def random_segment_indices(n_frames: int, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """One frame from each of T equal segments, drawn uniformly, as in training.

    The segments are equal even if N / T is not an integer: over all draws every frame is equally likely.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames wanted.
        generator: The source of randomness; torch's global one by default.

    Returns:
        int64 [T]: floor((i + u_i) N / T) with u_i uniform in [0, 1).

    Raises:
        ValueError: A number is below 1.
    """
    check_least(1, n_frames=n_frames, n_samples=n_samples)
    u = torch.rand(n_samples, generator=generator, dtype=torch.float64)
    positions = (torch.arange(n_samples) + u) * n_frames / n_samples
    # A u close to 1 may round up to the next integer, which is out of range for the last segment.
    return positions.long().clamp(max=n_frames - 1)


def random_shared_indices(n_frames: int, n_samples: int, generator: torch.Generator | None = None) -> Tensor:
    """One frame from each of T segments of which neighbours share an end, drawn uniformly, as BIKE trains.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames wanted.
        generator: The source of randomness; torch's global one by default.

    Returns:
        int64 [T], the i-th from round(i (N - 1) / T) to round((i + 1) (N - 1) / T), both included; halves are rounded
        to the even number. The first and the last frame are as likely as others within their segments.

    Raises:
        ValueError: A number is below 1.
    """
    check_least(1, n_frames=n_frames, n_samples=n_samples)
    ends = (torch.arange(n_samples + 1, dtype=torch.float64) * (n_frames - 1) / n_samples).round().long()
    u = torch.rand(n_samples, generator=generator, dtype=torch.float64)
    lengths = ends[1:] - ends[:-1] + 1
    return ends[:-1] + torch.minimum((u * lengths).long(), lengths - 1)


def training_indices(
    n_frames: int,
    n_samples: int,
    *,
    sampling: TrainSampling,
    centres: Sampling,
    frame_rate: Fraction | None = None,
) -> Tensor:
    """The frames of a training clip, drawn from torch's global generator.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames wanted.
        sampling: Where in each of T segments a frame is taken.
        centres: Which frame is the "centre" of a segment; or that frames are at a fixed distance in time, from a
            stretch that begins at "random", or where the only test view does ("centre").
        frame_rate: The video's frames a second, which only frames at a fixed distance need.

    Returns:
        int64 [T].

    Raises:
        ValueError: A number is below 1.
    """
    if is_strided(centres):
        if sampling == "centre":
            return multi_clip_indices(n_frames, n_samples, 1, sampling=centres, frame_rate=frame_rate)[0]
        assert frame_rate is not None
        return random_strided_indices(n_frames, n_samples, frame_rate=frame_rate, sampling=centres)
    if sampling == "centre":
        return centre_indices(n_frames, n_samples, sampling=centres)
    draw = random_segment_indices if sampling == "random" else random_shared_indices
    return draw(n_frames, n_samples)


def multi_clip_indices(
    n_frames: int, n_samples: int, n_clips: int, *, sampling: Sampling = "t2l", frame_rate: Fraction | None = None
) -> Tensor:
    """Several interleaved views of a video in time; each spans the whole video, unless frames have a fixed distance.

    Departure from ViFi-CLIP's code, which draws the frames of each of several test clips at random: they are fixed. Of
    "left", the clips begin at places spaced evenly over the first segment, from its first frame to its last.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames of each clip.
        n_clips: The number of clips.
        sampling: Which frame of a segment is taken.
        frame_rate: The video's frames a second, which only frames at a fixed distance in time need.

    Returns:
        int64 [n_clips, T]: clip v takes every n_clips-th of the centre indices of T n_clips samples, from the v-th on;
        of "left" floor(v (N / T - 1) / (n_clips - 1) + i N / T). A single clip equals `centre_indices`.
        Frames at a fixed distance in time are those of `strided_indices`.

    Raises:
        ValueError: A number is below 1.
    """
    check_least(1, n_frames=n_frames, n_samples=n_samples, n_clips=n_clips)
    if is_strided(sampling):
        assert frame_rate is not None
        return strided_indices(n_frames, n_samples, n_clips, frame_rate=frame_rate, sampling=sampling)
    if sampling == "left" and n_clips > 1:
        # With the common denominator T (n_clips - 1), as in `centre_indices`.
        starts = torch.arange(n_clips)[:, None] * max(n_frames - n_samples, 0)
        steps = torch.arange(n_samples) * n_frames * (n_clips - 1)
        return (starts + steps) // (n_samples * (n_clips - 1))
    indices = centre_indices(n_frames, n_samples * n_clips, sampling=sampling)
    return indices.view(n_samples, n_clips).T.contiguous()
