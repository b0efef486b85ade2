"""From one score per frame to segments in seconds: smoothing, scaling, and what lies above a threshold (T3AL, 4.3).

The paper leaves open what smoothing does at the ends, what the score of a segment is, and what happens where all scores
are alike; the functions say what they do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

# Times are sums of frame durations, so that a gap of just the largest length may come out a rounding error longer.
_TIME_TOLERANCE_SECONDS = 1e-6


@dataclass(frozen=True)
class Segment:
    """A stretch of a video.

    Attributes:
        start_seconds: Time of its first frame.
        end_seconds: Time of its last frame plus that frame's duration.
        first_frame: Index of its first frame in the scores that it was found in.
        last_frame: Index of its last frame, which belongs to it.
        score: Mean or largest score of the frames from first to last.
    """

    start_seconds: float
    end_seconds: float
    first_frame: int
    last_frame: int
    score: float


def moving_average(scores: Tensor, window: int) -> Tensor:
    """The mean of each score and its neighbours; at the ends, of those neighbours that are there.

    An odd window is centred. An even one reaches one frame further back than ahead: 20 covers the 10 frames before, the
    frame and the 9 after it. Scores that are all alike stay exactly alike.

    Args:
        scores: [N], float, finite; gradients pass through.
        window: Frames, at least 1; it may be longer than the video.

    Returns:
        [N], of the type of the scores, but at least float32.

    Raises:
        ValueError: A window below 1, or scores of another shape or not finite.
    """
    _check_scores(scores)
    if window < 1:
        raise ValueError(f"a moving average needs a window of at least 1 frame; got {window}")
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    # The distance to the first score is averaged: rounding would make noise of scores that are alike, and `min_max`
    # a full-scale curve of that noise.
    window = min(window, 2 * len(scores))  # a longer one covers the same frames
    averaged = functional.avg_pool1d(
        (scores - scores[0])[None], window, stride=1, padding=window // 2, count_include_pad=False
    )
    return averaged[0, : len(scores)] + scores[0]


def min_max(scores: Tensor, *, rounding: float = 0.0) -> Tensor:
    """Scores scaled to reach from 0 to 1; all 0 where they are all alike.

    Args:
        scores: [N], float, finite; gradients pass through.
        rounding: Scores that differ by no more are alike.

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
    largest_gap_seconds: float,
    threshold: float | None = None,
    segment_score: Literal["mean", "max"] = "mean",
) -> list[Segment]:
    """Runs of frames above a threshold, joined where the time between them is short.

    A run is frames with successive indices, whatever the time between them. The gap between two runs is from the end
    of one, in the meaning of `Segment.end_seconds`, to the start of the next; gaps are compared to a microsecond. The
    frames of a gap that was bridged belong to the segment and to its score.

    Args:
        scores: [N], float, finite.
        times_seconds: When each frame is shown, increasing, float64 [N]; float32 is too coarse for long videos.
        frame_seconds: How long each frame is shown, above 0, [N], or one value for all. Where frames were skipped, the
            time until the next frame that was not.
        largest_gap_seconds: Longest gap that is bridged, at least 0.
        threshold: Scores above it, not at it, are inside; None for the mean of the scores, above which no score is
            where all are alike.
        segment_score: Whether a segment gets the mean of the scores inside or the largest.

    Returns:
        Segments in order of time; none where no frame is above the threshold.

    Raises:
        ValueError: Wrong shapes or types, scores that are not finite, times that do not increase, or durations, gaps
            or thresholds out of range.
    """
    _check_scores(scores)
    scores = scores.detach().cpu().double()
    times, durations = _checked_times(len(scores), times_seconds, frame_seconds)
    if not (math.isfinite(largest_gap_seconds) and largest_gap_seconds >= 0):
        raise ValueError(f"largest_gap_seconds must be finite and at least 0; got {largest_gap_seconds}")
    if threshold is not None and not math.isfinite(threshold):
        raise ValueError(f"threshold must be finite; got {threshold}; None stands for the mean of the scores")
    if segment_score not in ("mean", "max"):
        raise ValueError(f"segment_score is 'mean' or 'max'; got {segment_score!r}")
    limit = _mean(scores) if threshold is None else threshold
    firsts, lasts = _runs(scores > limit)
    ends = times[lasts] + durations[lasts]
    apart = times[firsts][1:] - ends[:-1] > largest_gap_seconds + _TIME_TOLERANCE_SECONDS
    border = torch.ones(min(len(firsts), 1), dtype=torch.bool)  # none without a run
    firsts, lasts = firsts[torch.cat([border, apart])], lasts[torch.cat([apart, border])]
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        inside = scores[first : last + 1]
        score = _mean(inside) if segment_score == "mean" else float(inside.amax())
        found.append(Segment(float(times[first]), float(times[last] + durations[last]), first, last, score))
    return found


def _runs(inside: Tensor) -> tuple[Tensor, Tensor]:
    """Indices of the first and the last frame of each run of true values in bool [N]."""
    outside = torch.zeros(1, dtype=torch.int8)
    changes = torch.cat([outside, inside.to(torch.int8), outside]).diff()
    return (changes == 1).nonzero()[:, 0], (changes == -1).nonzero()[:, 0] - 1


def _mean(scores: Tensor) -> float:
    """The mean, without the rounding error by which scores that are all alike would be above their own mean."""
    return float(scores[0] + (scores - scores[0]).mean())


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
            f"{times[max(at - 1, 0) : at + 1].tolist()}; sort the frames and drop those that are there twice"
        )
    durations = torch.as_tensor(frame_seconds, dtype=torch.float64).detach().cpu()
    if durations.shape not in ((), (n_frames,)):
        raise ValueError(f"frame_seconds must be one value or [{n_frames}]; got {list(durations.shape)}")
    durations = durations.expand(n_frames)
    wrong = (~(durations.isfinite() & (durations > 0))).nonzero()[:, 0].tolist()
    if wrong:
        at = wrong[0]
        raise ValueError(f"frame_seconds must be finite and above 0; of frame {at} it is {float(durations[at])}")
    return times, durations
