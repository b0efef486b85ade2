"""Region proposals: from the final scores of frames to segments (T3AL, end of section 4.3).

The paper takes frames above the mean score of the video and groups consecutive ones. Its authors' code bridges gaps,
drops single frames, and for ActivityNet has a fixed threshold on scores that are not scaled to 0..1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.segments import Segment, min_max, segments_above


@dataclass(frozen=True, kw_only=True)
class RegionProposals:
    """How frames become segments; the defaults are the paper's.

    Attributes:
        threshold: Frames with scores above it are inside; null for the mean of the video's scores.
        scaled: Whether the threshold applies to scores scaled to 0..1.
        largest_gap_frames: Most sampled frames between two runs of frames that are bridged.
        largest_gap_seconds: Longest bridged gap, instead of a number of frames; null for that.
        keeps_single_frames: Whether a segment of one frame is kept.
    """

    threshold: float | None = None
    scaled: bool = True
    largest_gap_frames: int = 0
    largest_gap_seconds: float | None = None
    keeps_single_frames: bool = True

    def __post_init__(self) -> None:
        """Checks ranges, and that no setting is without effect."""
        gap = self.largest_gap_seconds
        if self.largest_gap_frames < 0:
            raise ValueError(f"largest_gap_frames must be at least 0; got {self.largest_gap_frames}")
        if gap is not None and not 0 <= gap < math.inf:
            raise ValueError(f"largest_gap_seconds must be at least 0, or null; got {gap}")
        if gap is not None and self.largest_gap_frames:
            raise ValueError(
                f"give the largest gap in frames or in seconds, not both; got {self.largest_gap_frames} frames and "
                f"{gap} seconds; leave largest_gap_frames at 0"
            )
        if self.threshold is None and not self.scaled:
            raise ValueError("scaled: false has no effect with the mean as threshold; set threshold, or scaled: true")
        if self.threshold is not None and not (
            0 <= self.threshold < 1 if self.scaled else math.isfinite(self.threshold)
        ):
            limits = "at least 0 and below 1, as scores are scaled to 0..1" if self.scaled else "a finite number"
            raise ValueError(f"threshold must be {limits}, or null for the mean; got {self.threshold}")


@dataclass(frozen=True)
class Proposals:
    """The proposals of one pseudo-label.

    Attributes:
        curve: Scores scaled to 0..1, [N], on the CPU.
        threshold: The threshold on the curve, from 0 to 1; a fixed one beyond the video's scores is moved to their end.
        segments: With the mean of the curve as score.
    """

    curve: Tensor
    threshold: float
    segments: tuple[Segment, ...]


def propose_regions(
    scores: Tensor, video: UntrimmedFeatures, settings: RegionProposals, *, rounding: float
) -> Proposals:
    """Finds the segments of a video.

    Args:
        scores: Final scores of its frames, [N].
        video: The video.
        settings: How frames become segments.
        rounding: Largest difference of scores that count as equal.
    """
    curve = min_max(scores, rounding=rounding).cpu()
    threshold = settings.threshold
    if threshold is not None and not settings.scaled:
        threshold = _scaled_threshold(scores, threshold, rounding)
    segments = (
        []
        if threshold is not None and threshold >= 1
        else segments_above(
            curve,
            video.times_seconds,
            video.frame_seconds,
            largest_gap_frames=settings.largest_gap_frames,
            largest_gap_seconds=settings.largest_gap_seconds,
            threshold=threshold,
        )
    )
    return Proposals(
        curve=curve,
        threshold=float(curve.double().mean()) if threshold is None else min(max(threshold, 0.0), 1.0),
        segments=tuple(s for s in segments if settings.keeps_single_frames or s.last_frame > s.first_frame),
    )


def _scaled_threshold(scores: Tensor, threshold: float, rounding: float) -> float:
    """Where a threshold on unscaled scores lies on the scaled curve; below 0 if all frames are above it."""
    lowest, highest = float(scores.amin()), float(scores.amax())
    if highest - lowest <= rounding:  # the curve is 0 throughout
        return -1.0 if highest > threshold else 1.0
    return (threshold - lowest) / (highest - lowest)
