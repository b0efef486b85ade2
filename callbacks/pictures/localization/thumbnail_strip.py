"""A strip of frames below a time axis, each tied to its time by a line. Lengths on the page are in inches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from zsar.callbacks.pictures.figures import linspace_indices
from zsar.callbacks.pictures.localization.picture import LocalizationPicture, as_floats
from zsar.callbacks.pictures.localization.time_axis import BESIDE, TimeAxis

_Floats = NDArray[np.float64]
_FRAME_HEIGHT, _FRAME_WIDTHS = 0.9, (1.0, 1.7)  # maximum height of a frame; its width with many frames, and at most
_LEAST_SLOT, _BETWEEN, _TIES, _UNDER = 0.62, 0.08, 0.3, 0.2  # width of a frame and its time; lines above, time below
_TIE_COLOUR = "#444444"


@dataclass(frozen=True)
class ThumbnailStrip:
    """Number and size of shown frames.

    Attributes:
        n_shown: Number of shown frames.
        frame_width: Width of each frame.
        frame_height: Height of each frame.
    """

    n_shown: int
    frame_width: float
    frame_height: float

    @property
    def height(self) -> float:
        """Height of the strip: lines, frames and times."""
        return _TIES + self.frame_height + _UNDER

    @property
    def slot(self) -> float:
        """Minimum distance between the centres of two frames."""
        return max(self.frame_width, _LEAST_SLOT) + _BETWEEN


def thumbnail_strip(picture: LocalizationPicture, time: TimeAxis) -> ThumbnailStrip | None:
    """Fits frames below a time axis.

    Args:
        picture: The picture to draw.
        time: The time axis above them.

    Returns:
        As many frames as fit, as large as possible, with their aspect ratio; None without frames.
    """
    n, height_px, width_px = picture.thumbnails.shape[:3]
    if n == 0:
        return None
    least, most = _FRAME_WIDTHS
    share = (time.width + _BETWEEN) / n - _BETWEEN
    width = min(most, _FRAME_HEIGHT * width_px / height_px, max(least, share))
    strip = ThumbnailStrip(n, width, width * height_px / width_px)
    return replace(strip, n_shown=min(n, int((time.width + _BETWEEN) / strip.slot)))


def draw_thumbnails(axes: Axes, picture: LocalizationPicture, *, time: TimeAxis, strip: ThumbnailStrip) -> None:
    """Draws frames as close below their times as possible, in temporal order.

    Args:
        axes: Target axes; both units are inches.
        picture: The frames; if not all fit, evenly spread ones are shown, labelled with number and total.
        time: The time axis above the frames; as wide as the axes.
        strip: Number and size of shown frames.
    """
    n = len(picture.thumbnails)
    seconds = as_floats(picture.thumbnail_times_seconds)
    order = np.argsort(seconds, kind="stable")
    shown = [int(order[place]) for place in sorted(linspace_indices(strip.n_shown, n))]
    wanted = time.inches(seconds[shown])
    top, bottom = _UNDER + strip.frame_height, _UNDER
    for index, tie, centre in zip(shown, wanted, side_by_side(wanted, strip.slot, time.width), strict=True):
        axes.plot([tie, tie, centre], [strip.height, strip.height - 0.08, top], color=_TIE_COLOUR, linewidth=0.8)
        box = (centre - strip.frame_width / 2, centre + strip.frame_width / 2, bottom, top)
        axes.imshow(picture.thumbnails[index], extent=box, aspect="auto")
        axes.text(centre, bottom - 0.03, time.written(seconds[index], exact=True), ha="center", va="top", fontsize=7)
    label = "frames" if strip.n_shown == n else f"{strip.n_shown} of {n} frames"
    axes.text(-BESIDE, (top + bottom) / 2, label, ha="right", va="center", fontsize=8)
    axes.set_xlim(0, time.width)
    axes.set_ylim(0, strip.height)
    axes.set_axis_off()


def side_by_side(wanted: _Floats, slot: float, width: float) -> _Floats:
    """Moves centres by the minimum that makes room for frames.

    Args:
        wanted: Wanted positions, [n], increasing.
        slot: Minimum distance of two centres.
        width: Range of all frames, from 0.

    Returns:
        Positions [n] with the least sum of squared moves.
    """
    n = len(wanted)
    steps = slot * np.arange(n)
    free = wanted - steps  # must not decrease: closed form of isotonic regression
    centres = [max(min(free[a : b + 1].mean() for b in range(i, n)) for a in range(i + 1)) for i in range(n)]
    margin = (slot - _BETWEEN) / 2
    return np.asarray(np.clip(centres, margin, width - margin - steps[-1]) + steps)
