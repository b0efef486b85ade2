"""A time axis on a page: positions and labels of times. Lengths on the page are in inches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
BESIDE = 0.24  # between a time axis and labels to its left
_PADDING = 0.006  # fraction of the axis, at both ends, so that bars touching them show an edge
_MOST_SECONDS = 120.0  # of an axis labelled in seconds; min:s above
_MOST_STEPS = 10  # intervals between ticks
_STEPS_SECONDS = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0)  # between ticks below an hour apart


@dataclass(frozen=True)
class TimeAxis:
    """The time axis of a video.

    Attributes:
        end_seconds: End of the axis, from 0.
        width: Width on the page.
    """

    end_seconds: float
    width: float

    @property
    def limits(self) -> tuple[float, float]:
        """Times at both ends of the axis, slightly before 0 and after the end."""
        return -_PADDING * self.end_seconds, (1 + _PADDING) * self.end_seconds

    def inches(self, seconds: _Floats | float) -> _Floats:
        """Distances of times, of any shape, from the left end."""
        low, high = self.limits
        return np.asarray((np.asarray(seconds) - low) / (high - low) * self.width)

    def overhangs(self, duration_seconds: float) -> bool:
        """Whether it extends visibly beyond the end of the video."""
        return self.end_seconds > duration_seconds * (1 + _PADDING)

    def ticks(self) -> list[float]:
        """Round times from 0 to the end, at most eleven."""
        decimal = MaxNLocator(_MOST_STEPS, steps=[1, 2, 5, 10])
        if self.end_seconds <= _MOST_SECONDS:
            times = np.asarray(decimal.tick_values(0, self.end_seconds))
        elif step := next((s for s in _STEPS_SECONDS if self.end_seconds / s <= _MOST_STEPS), None):
            times = step * np.arange(_MOST_STEPS + 1)
        else:
            times = 3600 * np.asarray(decimal.tick_values(0, self.end_seconds / 3600))
        of_axis = (times >= 0) & (times <= self.end_seconds * (1 + 1e-9))
        return [float(time) for time in times[of_axis]]

    def written(self, seconds: float, *, exact: bool = False) -> str:
        """Formats a time.

        Args:
            seconds: The time in seconds.
            exact: Whether to add the unit, and enough digits to distinguish frames.

        Returns:
            min:s if the axis is longer than two minutes, otherwise seconds.
        """
        minutes, rest = divmod(round(seconds), 60)
        if self.end_seconds > _MOST_SECONDS:
            return f"{minutes}:{rest:02d}"
        digits = max(1, 2 - math.floor(math.log10(self.end_seconds)))
        return f"{seconds:.{digits}f} s" if exact else f"{seconds:g}"


def draw_time(axes: Axes, time: TimeAxis, *, duration_seconds: float, labelled: bool) -> None:
    """Draws a time grid, and a line at the end of the video if the axis is longer.

    Args:
        axes: Target axes; one horizontal unit is one second.
        time: Its time axis.
        duration_seconds: Duration of the video.
        labelled: Whether to label the times and their unit below.
    """
    ticks = time.ticks()
    axes.set_xlim(*time.limits)
    axes.set_xticks(ticks, [time.written(tick) if labelled else "" for tick in ticks], fontsize=8)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.6, zorder=0.5)
    axes.set_axisbelow(True)
    if time.overhangs(duration_seconds):
        axes.axvline(duration_seconds, color="black", linewidth=1, linestyle=":", zorder=0.8)
    if labelled:
        axes.annotate(
            "time (min:s)" if time.end_seconds > _MOST_SECONDS else "time (s)",
            (0, 0),
            (-BESIDE * 72, -11),
            "axes fraction",
            "offset points",
            ha="right",
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
