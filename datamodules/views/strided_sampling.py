"""Frames at a fixed distance in time, from a stretch of the video: Open-VCLIP's, after PySlowFast. Indices, 0-based.

A view of T frames takes every 16th of 30 frames a second. Its authors' two decoders place views and frames otherwise
(`StridedSampling`); both repeat the last frame where a video is too short, and never loop it. All numbers are exact
fractions: in floating point an index may fall just below an integer.

Departure: the authors decode files of which the container states no duration as a whole, and then place views as
"open_vclip_to_end" does, in either case; here it is as asked for.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal, TypeGuard, get_args

import torch
from torch import Tensor

from zsar.runtime.number_limits import check_least

StridedSampling = Literal["open_vclip", "open_vclip_to_end"]
"""Where V views begin: at v / V of what a view leaves free, never at its end, as the authors decode all data sets but
HMDB-51; or from the beginning to the end, as they decode HMDB-51."""

STEP = 16
"""Frames from one to the next, at `RATE`."""
RATE = 30
"""Frames a second that `STEP` is counted in."""


def is_strided(sampling: str) -> TypeGuard[StridedSampling]:
    """Whether a sampling is of this file, and needs the video's frame rate."""
    return sampling in get_args(StridedSampling)


def strided_indices(
    n_frames: int, n_samples: int, n_clips: int, *, frame_rate: Fraction, sampling: StridedSampling
) -> Tensor:
    """The test views of a video.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames of each view.
        n_clips: V, the views.
        frame_rate: f, the video's frames a second.
        sampling: Where the views begin.

    Returns:
        int64 [V, T]. Of "open_vclip", with c = ceil(16 (T - 1) f / 30), view v begins at s = v max(N - c, 0) / V; its
        m frames are those from ceil(s) to floor(s) + c, and of these min(floor(i (16 T f / 30 - 1) / (T - 1)), m - 1)
        are taken. Of "open_vclip_to_end", with c = 16 T f / 30, it begins at s = v floor(max(N - c, 0) / (V - 1)), at
        the middle of that if V = 1, and takes floor(s + i (c - 1) / (T - 1)), at most N - 1.

    Raises:
        ValueError: A number is below 1, or the rate is not positive.
    """
    check_least(1, n_frames=n_frames, n_samples=n_samples, n_clips=n_clips)
    spare = _spare(n_frames, n_samples, frame_rate, sampling)
    if sampling == "open_vclip":
        starts = [Fraction(v, n_clips) * spare for v in range(n_clips)]
    elif n_clips == 1:
        starts = [Fraction(math.floor(spare / 2))]
    else:
        starts = [Fraction(v * math.floor(spare / (n_clips - 1))) for v in range(n_clips)]
    return torch.stack([_view(n_frames, n_samples, start, frame_rate, sampling) for start in starts])


def random_strided_indices(
    n_frames: int,
    n_samples: int,
    *,
    frame_rate: Fraction,
    sampling: StridedSampling,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A training view, which begins anywhere, drawn uniformly.

    Args:
        n_frames: N, the frames of the video.
        n_samples: T, the frames of the view.
        frame_rate: The video's frames a second.
        sampling: How long a view is and which frames are taken, as in `strided_indices`.
        generator: The source of randomness; torch's global one by default.

    Returns:
        int64 [T].

    Raises:
        ValueError: A number is below 1, or the rate is not positive.
    """
    check_least(1, n_frames=n_frames, n_samples=n_samples)
    u = Fraction(float(torch.rand((), generator=generator, dtype=torch.float64)))
    start = u * _spare(n_frames, n_samples, frame_rate, sampling)
    return _view(n_frames, n_samples, start, frame_rate, sampling)


def _spare(n_frames: int, n_samples: int, frame_rate: Fraction, sampling: StridedSampling) -> Fraction:
    """How far a view can be moved, in frames."""
    if frame_rate <= 0:
        raise ValueError(f"frame_rate must be positive; got {frame_rate}")
    return max(n_frames - _span(n_samples, frame_rate, sampling), Fraction(0))


def _span(n_samples: int, frame_rate: Fraction, sampling: StridedSampling) -> Fraction:
    """c, in frames of the video."""
    step = STEP * frame_rate / RATE
    return Fraction(math.ceil(step * (n_samples - 1))) if sampling == "open_vclip" else step * n_samples


def _view(n_frames: int, n_samples: int, start: Fraction, frame_rate: Fraction, sampling: StridedSampling) -> Tensor:
    """The frames of a view that begins at `start`."""
    span = _span(n_samples, frame_rate, sampling)
    length = max(STEP * n_samples * frame_rate / RATE - 1, Fraction(0))
    places = [i * length / max(n_samples - 1, 1) for i in range(n_samples)]
    if sampling == "open_vclip":
        first = min(math.ceil(start), n_frames - 1)
        last = min(max(math.floor(start) + math.floor(span), first), n_frames - 1)
        return torch.tensor([min(first + math.floor(place), last) for place in places])
    return torch.tensor([min(math.floor(start + place), n_frames - 1) for place in places])
