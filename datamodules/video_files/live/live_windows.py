"""LiveWindows: a thread reads a live source; the newest window can be taken at any time, in bounded memory."""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from zsar.datamodules.video_files.live.live_frames import LiveFrame, LiveFrames
from zsar.datamodules.video_files.live.live_source import INDEX_AT_END, LiveSource
from zsar.datamodules.video_files.mp4_claims import is_mp4
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.views.frame_sampling import centre_indices
from zsar.runtime.files.video_errors import VideoDecodeError

MOST_KEPT = 512
"""Frames of a window that are kept: 17 seconds at 30 frames per second; if there are more, evenly spread ones."""
_ROUNDING_SECONDS = 5e-4  # Matroska rounds time stamps to milliseconds
_POLL_SECONDS = 0.2  # Ctrl-C must not wait for a frame
_CLOSING_SECONDS = 0.2  # for the thread to end; what waits for an address or a device is left alone

Ending = Literal["end", "stall", "closed"]


@dataclass(frozen=True)
class LiveWindow:
    """The frames of a window.

    Attributes:
        seconds: Time of its last frame, since the first one of the source.
        numbers: The number of each frame in the source; equal numbers are the same frame.
        frames: uint8 [T, 3, S, S].
        captured: When its last frame was captured or was due, on `time.monotonic`.
    """

    seconds: float
    numbers: tuple[int, ...]
    frames: Tensor
    captured: float


@dataclass
class _Kept:
    number: int
    seconds: float
    due: float
    frame: Tensor
    is_covered: bool = False


class LiveWindows:
    """Windows of W seconds, one every hop; T frames of each, the middle ones of T equal segments, as in testing.

    Attributes:
        seconds: Time of the newest frame, since the first one.
        ending: Why there are no more windows: the source ended, or nothing came in time; None while it is read.
    """

    def __init__(
        self,
        source: LiveSource,
        shrink: Callable[[Tensor], Tensor],
        *,
        n_frames: int,
        window_seconds: float,
        hop_seconds: float,
        timeout_seconds: float,
    ) -> None:
        """Begins to open and read the source, in a thread.

        Args:
            source: The source, checked.
            shrink: Makes frames small as they come: uint8 [1, 3, H, W] -> [1, 3, S, S].
            n_frames: T, frames per window.
            window_seconds: W.
            hop_seconds: Time between two windows.
            timeout_seconds: How long no frame may come, at the beginning too.
        """
        self._source, self._shrink, self._n_frames = source, shrink, n_frames
        self._window, self._hop, self._timeout = window_seconds, hop_seconds, timeout_seconds
        self._most, self._spacing = max(MOST_KEPT, 2 * n_frames), 0.0
        self._kept: deque[_Kept] = deque()
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._ended = False
        self._problem: BaseException | None = None
        self._reading: LiveFrames | None = None
        self._due = self._first_due = window_seconds
        self._last_taken = -1
        self._n_unseen = 0
        self._last_arrival = time.monotonic()
        self.seconds = 0.0
        self.ending: Ending | None = None
        self._thread = threading.Thread(target=self._read, daemon=True, name="live source")
        self._thread.start()

    @property
    def n_dropped(self) -> int:
        """Frames that no window has shown, since they came faster than they were read or windows were taken."""
        return self._n_unseen + (self._reading.n_skipped if self._reading is not None else 0)

    @property
    def n_damaged(self) -> int:
        """As of `LiveFrames`: frames that are damaged, or may refer to one that is."""
        return self._reading.n_damaged if self._reading is not None else 0

    def close(self) -> None:
        """Ends reading. A thread that waits for an address or a device ends when this answers or times out."""
        self._stopped.set()
        with self._changed:
            self.ending = self.ending or "closed"
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(_CLOSING_SECONDS)

    def take(self) -> LiveWindow | None:
        """Waits for a window that has not been taken.

        Returns:
            The newest; at the end of the source one that ends with its last frame; then None.

        Raises:
            VideoDecodeError: The source cannot be opened or decoded, has no frames, or broke off with an error.
        """
        with self._changed:
            while self.ending is None:
                if self._is_due():
                    return self._cut()
                if self._problem is not None:
                    raise self._problem
                if self._ended or self._is_late():
                    self._end("stall" if not self._ended or (self._reading and self._reading.stalled) else "end")
                    return self._cut() if self._kept[-1].number > self._last_taken else None
                self._changed.wait(_POLL_SECONDS)
        return None

    def _is_late(self) -> bool:
        newest = self._reading.newest if self._reading is not None else 0.0
        return time.monotonic() - max(self._last_arrival, newest) > self._timeout

    def _end(self, ending: Ending) -> None:
        self.ending = ending
        self._stopped.set()
        if self._kept:
            return
        name, damaged = self._source.shown_name, f"; {self.n_damaged} were damaged" if self.n_damaged else ""
        if ending == "stall":
            remedy = f"; {INDEX_AT_END}" if self._source.follow and is_mp4(self._source.name) else ""
            raise VideoDecodeError(f"{name}: no frame came in {self._timeout:g} seconds{damaged}{remedy}")
        raise VideoDecodeError(f"{name}: it ended without a frame that can be decoded{damaged}")

    def _is_due(self) -> bool:
        return bool(self._kept) and self._kept[-1].seconds >= self._due - _ROUNDING_SECONDS

    def _cut(self) -> LiveWindow:
        """The window that ends with the newest frame."""
        newest = self._kept[-1]
        within = [kept for kept in self._kept if kept.seconds > newest.seconds - self._window + _ROUNDING_SECONDS]
        numbers = [kept.number for kept in within]
        wanted = centre_indices(numbers[-1] - numbers[0] + 1, self._n_frames) + numbers[0]
        chosen = [within[bisect_right(numbers, number) - 1] for number in wanted.tolist()]
        for kept in within:
            kept.is_covered = True
        self._last_taken = newest.number
        steps = math.floor((newest.seconds - self._first_due + _ROUNDING_SECONDS) / self._hop) + 1
        self._due = self._first_due + max(0, steps) * self._hop
        if not self._source.real_time:  # the reader has waited for this
            self._last_arrival = time.monotonic()
        self._changed.notify_all()
        frames = torch.stack([kept.frame for kept in chosen])
        return LiveWindow(newest.seconds, tuple(kept.number for kept in chosen), frames, newest.due)

    # --- the thread that reads ----------------------------------------------------------------------------------------

    def _read(self) -> None:
        converter = RGBConverter()
        try:
            with self._source.opened(self._stopped, self._timeout) as container:
                reading = LiveFrames(self._source, container, self._stopped)
                self._first_due = self._due = max(0.0, self._window - reading.frame_seconds)
                self._reading = reading
                for frame in reading:
                    rgb = torch.from_numpy(np.ascontiguousarray(converter.rgb(frame.picture)))
                    self._add(frame, self._shrink(rgb.permute(2, 0, 1)[None])[0])
        except BaseException as error:  # raised by `take`, in the thread of the caller
            self._problem = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _add(self, frame: LiveFrame, small: Tensor) -> None:
        with self._changed:
            if len(self._kept) > 1 and self._kept[-1].seconds - self._kept[-2].seconds < self._spacing:
                self._kept.pop()  # the newest frame is kept, whatever its distance, until the next one
            self._kept.append(_Kept(frame.number, frame.seconds, frame.due, small.clone()))
            self.seconds = frame.seconds
            while self._kept[0].seconds <= frame.seconds - self._window - _ROUNDING_SECONDS:
                oldest = self._kept.popleft()
                self._n_unseen += not oldest.is_covered and self._is_wanted(oldest.seconds)
            if len(self._kept) > self._most:
                self._spacing = 2 * (frame.seconds - self._kept[0].seconds) / (len(self._kept) - 1) - _ROUNDING_SECONDS
                self._kept = deque(list(self._kept)[(len(self._kept) - 1) % 2 :: 2])  # with the newest
            self._changed.notify_all()
            while not self._source.real_time and self._is_due() and not self._stopped.is_set():
                self._changed.wait(_POLL_SECONDS)

    def _is_wanted(self, seconds: float) -> bool:
        """Whether a frame lies in a window: those between windows that are further apart than long do not."""
        next_due = max(0, math.ceil((seconds - self._first_due) / self._hop)) * self._hop + self._first_due
        return next_due - seconds <= self._first_due + _ROUNDING_SECONDS
