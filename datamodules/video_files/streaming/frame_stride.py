"""FrameStride: which frames of a long video are used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# Tolerance when comparing multiples of a stride with frame times; far below the distance of two frames.
_ROUNDING = 1e-9
# No video has a finer clock, and multiples of a smaller stride would not be exact.
LEAST_STRIDE_SECONDS = 1e-6


class TimedFrames(Protocol):
    """Frames and when they are shown, as a `VideoReader` has them."""

    @property
    def n_frames(self) -> int:
        """Number of frames."""

    @property
    def times_seconds(self) -> NDArray[np.float64]:
        """When each is shown, increasing, float64 [n_frames]."""

    def indices_at_times(self, seconds: Iterable[float], /) -> NDArray[np.int64]:
        """The frame on screen at each of some times, int64."""


@dataclass(frozen=True)
class FrameStride:
    """Which frames of a video are used: every n-th, or those on screen at equal intervals in seconds.

    Attributes:
        frames: Distance between frames, at least 1; None for a stride in seconds.
        seconds: Interval in seconds; a frame that stays on screen for longer is used once.
    """

    frames: int | None = 1
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ValueError: Not exactly one is given, or it is out of range.
        """
        if (self.frames is None) == (self.seconds is None):
            raise ValueError(f"a stride is in frames or in seconds; got frames={self.frames}, seconds={self.seconds}")
        if self.frames is not None and self.frames < 1:
            raise ValueError(f"a stride must be at least 1 frame; got {self.frames}")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise ValueError(f"a stride must be more than 0 seconds; got {self.seconds}")
        if self.seconds is not None and self.seconds < LEAST_STRIDE_SECONDS:
            raise ValueError(
                f"a stride must be at least {LEAST_STRIDE_SECONDS:g} seconds; got {self.seconds}; a stride of 1 frame "
                "takes every frame"
            )

    def __str__(self) -> str:
        """The stride in words, the same for equal strides."""
        if self.seconds is not None:
            return f"{float(self.seconds)!r} seconds"
        return f"{self.frames} frame{'s' if self.frames != 1 else ''}"

    def indices(self, reader: TimedFrames) -> NDArray[np.int64]:
        """int64 [N]: indices of the selected frames of a video, increasing, starting with the first frame.

        A stride in seconds counts from the time of the first frame. Time and memory grow with the number of frames, not
        with the duration, so that one late time stamp does not cause millions of empty steps.
        """
        if self.seconds is None:
            return np.arange(0, reader.n_frames, self.frames, dtype=np.int64)
        times = reader.times_seconds
        passed = times - times[0]
        last = np.floor(passed[-1] / self.seconds + _ROUNDING)
        # Only multiples of the stride next to the time of a frame can be the first to show it.
        nearest = np.ceil(passed / self.seconds)
        steps = np.unique(np.clip(np.concatenate([nearest - 1, nearest, nearest + 1]), 0, last))
        return np.unique(reader.indices_at_times(times[0] + steps * self.seconds))
