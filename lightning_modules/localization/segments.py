"""From one score per frame to segments in seconds: smoothing, scaling, and thresholding (T3AL, 4.3).

The paper leaves open how smoothing treats the ends, how a segment is scored, and what happens if all scores are equal;
the functions document their choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Edges = Literal["cut", "repeated"]

# Times are sums of frame durations, so a gap of exactly the largest length may come out slightly longer by rounding.
_TIME_TOLERANCE_SECONDS = 1e-6


@dataclass(frozen=True)
class Segment:
    """A stretch of a video.

    Attributes:
        start_seconds: Time of its first frame.
        end_seconds: Time of its last frame plus that frame's duration.
        first_frame: Index of its first frame in the scores.
        last_frame: Index of its last frame, inclusive.
        score: What it is ranked by; of `segments_above`, the mean score of its frames.
    """

    start_seconds: float
    end_seconds: float
    first_frame: int
    last_frame: int
    score: float


def moving_average(scores: Tensor, window: int, *, edges: Edges = "cut") -> Tensor:
    """The mean of each score and its neighbours. Equal scores stay exactly equal.

    An odd window is centred. An even one extends one frame further on one side, see `reach_back`.

    Args:
        scores: [N], float, finite; gradients pass through.
        window: Frames, at least 1; may exceed the length of the video.
        edges: At the ends of the video, "cut" averages the existing neighbours, and "repeated" takes the first and the
            last score for the missing ones.

    Returns:
        [N], of the scores' type, but at least float32.

    Raises:
        ValueError: A window below 1, or scores of another shape or not finite.
    """
    _check_scores(scores)
    if window < 1:
        raise ValueError(f"a moving average needs a window of at least 1 frame; got {window}")
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    # The distance to the first score is averaged: otherwise rounding would turn equal scores into noise, and `min_max`
    # would scale that noise to a full curve.
    centred = (scores - scores[0])[None]
    if edges == "repeated":
        back = reach_back(window, edges)
        padded = functional.pad(centred, (back, window - 1 - back), mode="replicate")
        return functional.avg_pool1d(padded, window, stride=1)[0] + scores[0]
    window = min(window, 2 * len(scores))  # a longer window covers the same frames
    averaged = functional.avg_pool1d(
        centred, window, stride=1, padding=reach_back(window, edges), count_include_pad=False
    )
    return averaged[0, : len(scores)] + scores[0]


def reach_back(window: int, edges: Edges) -> int:
    """How many frames before a frame its window covers.

    Args:
        window: Frames of the window.
        edges: "cut": of 20 frames 10 are before and 9 after it; "repeated": 9 before and 10 after it.
    """
    return window // 2 if edges == "cut" else (window - 1) // 2


def min_max(scores: Tensor, *, rounding: float = 0.0) -> Tensor:
    """Scores scaled to the range 0 to 1; all 0 if they are equal.

    Args:
        scores: [N], float, finite; gradients pass through.
        rounding: Largest difference of scores that count as equal.

    Returns:
        [N], of the type of the scores.

    Raises:
        ValueError: Scores of another shape or not finite.
    """
    _check_scores(scores)
    lowest, highest = scores.amin(), scores.amax()
    if bool(highest - lowest <= rounding):
        return torch.zeros_like(scores)
    return (scores - lowest) / (highest - lowest)


def segments_above(
    scores: Tensor,
    times_seconds: Tensor,
    frame_seconds: Tensor | float,
    *,
    largest_gap_frames: int = 0,
    largest_gap_seconds: float | None = None,
    threshold: float | None = None,
) -> list[Segment]:
    """Runs of frames above a threshold, joined across short gaps.

    A run is a series of frames with successive indices. The gap between two runs is the frames between them, or the
    time from the end of one (`Segment.end_seconds`) to the start of the next, compared to a microsecond. The frames of
    a bridged gap belong to the segment and to its score.

    Args:
        scores: [N], float, finite.
        times_seconds: When each frame is shown, increasing, float64 [N]; float32 is too coarse for long videos.
        frame_seconds: How long each frame is shown, above 0, [N], or one value for all. Where frames were skipped, the
            time to the next sampled frame.
        largest_gap_frames: Most frames of a bridged gap, at least 0.
        largest_gap_seconds: Longest bridged gap, at least 0, instead of a number of frames; None for the latter.
        threshold: Scores above it, not equal to it, are inside; None for the mean of the scores (no segments if all
            scores are equal).

    Returns:
        Segments in temporal order, with the mean of their frames as score; none if no frame is above the threshold.

    Raises:
        ValueError: Wrong shapes or types, scores that are not finite, times that do not increase, or durations, gaps
            or thresholds out of range.
    """
    _check_scores(scores)
    scores = scores.detach().cpu().double()
    times, durations = _checked_times(len(scores), times_seconds, frame_seconds)
    if largest_gap_frames < 0:
        raise ValueError(f"largest_gap_frames must be at least 0; got {largest_gap_frames}")
    if largest_gap_seconds is not None and not (math.isfinite(largest_gap_seconds) and largest_gap_seconds >= 0):
        raise ValueError(f"largest_gap_seconds must be finite and at least 0; got {largest_gap_seconds}")
    if threshold is not None and not math.isfinite(threshold):
        raise ValueError(f"threshold must be finite; got {threshold}; None means the mean of the scores")
    limit = mean_score(scores) if threshold is None else threshold
    firsts, lasts = _runs(scores > limit)
    if largest_gap_seconds is None:
        apart = firsts[1:] - lasts[:-1] - 1 > largest_gap_frames
    else:
        ends = times[lasts] + durations[lasts]
        apart = times[firsts][1:] - ends[:-1] > largest_gap_seconds + _TIME_TOLERANCE_SECONDS
    border = torch.ones(min(len(firsts), 1), dtype=torch.bool)  # empty without a run
    firsts, lasts = firsts[torch.cat([border, apart])], lasts[torch.cat([apart, border])]
    segments = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        score = mean_score(scores[first : last + 1])
        segments.append(Segment(float(times[first]), float(times[last] + durations[last]), first, last, score))
    return segments


def mean_score(scores: Tensor) -> float:
    """The mean, without the rounding error that could put equal scores above their own mean.

    Args:
        scores: [N], float, at least one.
    """
    return float(scores[0] + (scores - scores[0]).mean())


def _runs(inside: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of the first and the last frame of each run of true values in bool [N]."""
    outside = torch.zeros(1, dtype=torch.int8)
    changes = torch.cat([outside, inside.to(torch.int8), outside]).diff()
    return (changes == 1).nonzero()[:, 0], (changes == -1).nonzero()[:, 0] - 1


def _check_scores(scores: Tensor) -> None:
    if scores.ndim != 1 or len(scores) == 0 or not scores.is_floating_point():
        raise ValueError(
            f"scores must be floating point [N] of at least 1 frame; got {scores.dtype} {list(scores.shape)}"
        )
    wrong = (~scores.isfinite()).nonzero()[:, 0].tolist()
    if wrong:
        raise ValueError(
            f"{len(wrong)} of {len(scores)} scores are not finite, at frames {', '.join(map(str, wrong[:5]))}"
            f"{', ...' if len(wrong) > 5 else ''}, the first {float(scores[wrong[0]])}; look for them in the features"
        )


def _checked_times(n_frames: int, times_seconds: Tensor, frame_seconds: Tensor | float) -> tuple[Tensor, Tensor]:
    """Times and durations of the frames, float64 [N] each."""
    if times_seconds.shape != (n_frames,) or times_seconds.dtype != torch.float64:
        raise ValueError(
            f"times_seconds must be float64 [{n_frames}], one for each score; got {times_seconds.dtype} "
            f"{list(times_seconds.shape)}"
        )
    times = times_seconds.detach().cpu()
    increases = times.isfinite()
    increases[1:] &= times.diff() > 0
    if not increases.all():
        at = int((~increases).nonzero()[0, 0])
        raise ValueError(
            f"times_seconds must be finite and increase; up to frame {at} they are "
            f"{times[max(at - 1, 0) : at + 1].tolist()}; sort the frames and drop duplicates"
        )
    durations = torch.as_tensor(frame_seconds, dtype=torch.float64).detach().cpu()
    if durations.shape not in ((), (n_frames,)):
        raise ValueError(f"frame_seconds must be one value or [{n_frames}]; got {list(durations.shape)}")
    durations = durations.expand(n_frames)
    wrong = (~(durations.isfinite() & (durations > 0))).nonzero()[:, 0].tolist()
    if wrong:
        at = wrong[0]
        raise ValueError(f"frame_seconds must be finite and above 0; for frame {at} it is {float(durations[at])}")
    return times, durations
