"""SourceClock: when the frames of a live source are due, and how late they are read."""

from __future__ import annotations

import threading
import time

_LEAST_STEP_SECONDS = 1e-3
"""Between two frames whose time stamps do not increase."""
_PAUSE_SECONDS = 1.0
"""A source that is late by more has paused, one that is late by less catches up; and if its time stamps go back by
more, it began again."""


class SourceClock:
    """Time stamps as seconds since the first frame, compared with the wall clock.

    Attributes:
        held_until: Until when the last frame that came early is held back, on `time.monotonic`.
    """

    def __init__(self, *, waits: bool, stopped: threading.Event, frame_seconds: float = 0.0) -> None:
        """Starts at the first frame.

        Args:
            waits: Whether frames that come early are held back until they are due, as a player does.
            stopped: Ends waiting when it is set.
            frame_seconds: Step from one frame to the next for frames without a time stamp.
        """
        self._waits, self._stopped, self._step = waits, stopped, max(frame_seconds, _LEAST_STEP_SECONDS)
        self._offset: float | None = None
        self._last = self.held_until = 0.0
        self._shown_from = 0.0  # the wall clock when the first frame is due
        self._came_from = float("-inf")  # the same by the last frame that the reader had to wait for

    def seconds(self, stamp: float | None) -> float:
        """Seconds from the first frame to one, increasing even where time stamps do not.

        Args:
            stamp: Its time stamp in seconds, if it has one.
        """
        if self._offset is None:
            self._offset = stamp or 0.0
            return 0.0
        seconds = self._last + self._step if stamp is None else stamp - self._offset
        if stamp is not None and self._last - seconds > _PAUSE_SECONDS:  # the source began again
            seconds = self._last + self._step
            self._offset = stamp - seconds
        self._last = max(seconds, self._last + _LEAST_STEP_SECONDS)
        return self._last

    def due(self, seconds: float, *, arrived: float, was_awaited: bool) -> tuple[float, float]:
        """When a frame was captured, or is to be shown; waits until then if frames are held back.

        Args:
            seconds: Its time, from `seconds`.
            arrived: When its packet arrived, on `time.monotonic`.
            was_awaited: Whether the reader had to wait for the packet, which shows that nothing is queued.

        Returns:
            When it was due on `time.monotonic`, and by how many seconds it is read late.
        """
        if seconds == 0.0:
            self._shown_from = arrived
        if was_awaited:
            self._came_from = arrived - seconds
            if self._came_from - self._shown_from > _PAUSE_SECONDS:
                self._shown_from = self._came_from
        if not self._waits:
            self._shown_from = min(self._shown_from, arrived - seconds)
        due = self._shown_from + seconds
        if self._waits and (early := due - time.monotonic()) > 0:
            self.held_until = due
            self._stopped.wait(early)
        late = time.monotonic() - seconds - max(self._shown_from, self._came_from)
        return (due if self._waits else min(arrived, max(due, self._came_from + seconds))), max(0.0, late)
