"""VideoCaptions: captions of one video with their times, and what they were generated from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zsar.lightning_modules.localization.stored.frame_record import FrameRecord


@dataclass(frozen=True, kw_only=True)
class CaptionSource(FrameRecord):
    """What captions were generated from, besides the record of their frames.

    Attributes:
        source_name: File name of the video.
        source_bytes: Its size.
        duration_seconds: End of its last frame, in seconds on the player's clock.
        stride: Which frames were captioned: "1.0 seconds", "25 frames".
        architecture: The model's architecture, an open_clip name.
        weights: Its weights as requested; empty if the architecture includes them.
        backbone_hash: `OpenClipBackbone.weights_hash`.
        generation: "beam_search" or "greedy".
        n_tokens: Maximum tokens per caption.
        source_hash: `quick_hash` of the video.
        start_seconds: When its first frame is shown.
        n_damaged: Number of damaged frames that were accepted.
    """

    source_name: str
    source_bytes: int
    duration_seconds: float
    stride: str
    architecture: str
    weights: str
    backbone_hash: str
    generation: str
    n_tokens: int
    source_hash: str
    start_seconds: float
    n_damaged: int = 0


@dataclass(frozen=True, eq=False)
class VideoCaptions:
    """Captions of one video, one or more.

    Attributes:
        times_seconds: float64 [n], when each described frame is shown, in seconds on the player's clock.
        texts: The n captions.
        source: What they were generated from; None if they were made elsewhere.
    """

    times_seconds: NDArray[np.float64]
    texts: tuple[str, ...]
    source: CaptionSource | None = None

    def __post_init__(self) -> None:
        """Checks times and texts.

        Raises:
            ValueError: There are no captions, lengths differ, or times are negative, NaN or decreasing.
        """
        times = self.times_seconds
        if times.ndim != 1 or len(times) != len(self.texts):
            raise ValueError(f"each caption has one time; got times {list(times.shape)} and {len(self.texts)} captions")
        if not self.texts:
            raise ValueError("there must be at least one caption")
        wrong = np.flatnonzero(~((times >= 0) & np.isfinite(times)))
        if len(wrong):
            raise ValueError(f"caption {wrong[0]} is at {times[wrong[0]]} seconds; times must be 0 or more")
        falls = np.flatnonzero(np.diff(times) < 0)
        if len(falls):
            i = int(falls[0])
            raise ValueError(
                f"captions must be sorted by time, but caption {i + 1} at {times[i + 1]} seconds follows one at "
                f"{times[i]} seconds"
            )

    def within(self, start_seconds: float, end_seconds: float) -> list[int]:
        """Selects the captions of a part of the video.

        Args:
            start_seconds: When the part begins, in seconds on the player's clock.
            end_seconds: When it ends, not before.

        Returns:
            Indices of the captions with start <= time < end; if there are none, that of the caption nearest in time
            to the middle, the earlier one in a tie.

        Raises:
            ValueError: The part ends before it begins, or a time is not a number.
        """
        if not start_seconds <= end_seconds:
            raise ValueError(f"a part of a video must not end before it begins; got {start_seconds} to {end_seconds}")
        times = self.times_seconds
        inside = np.flatnonzero((times >= start_seconds) & (times < end_seconds))
        if len(inside):
            return [int(i) for i in inside]
        return [int(np.abs(times - (start_seconds + end_seconds) / 2).argmin())]
