"""T3AL averages scores over a number of frames; users give seconds, which are frames only once a video is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from zsar.api.localization.localizers import Localizer
from zsar.lightning_modules.t3al.t3al import T3AL


@contextmanager
def smoothed(localizer: Localizer, seconds: float | None, *, frame_seconds: float) -> Iterator[None]:
    """T3AL averages scores over frames; meanwhile over as many as some seconds have, at least 1.

    Args:
        localizer: The localizer; one without smoothing is left alone.
        seconds: The seconds; None to leave its settings.
        frame_seconds: Interval between the frames of the video.
    """
    if seconds is None or not isinstance(localizer, T3AL):
        yield
        return
    before = localizer.tuning
    localizer.tuning = replace(before, window_frames=max(1, round(seconds / frame_seconds)))
    try:
        yield
    finally:
        localizer.tuning = before
