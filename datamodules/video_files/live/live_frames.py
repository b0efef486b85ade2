"""LiveFrames: decodes a live source frame by frame; skips frames rather than falling behind."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from zsar.datamodules.video_files.decode_limits import MOST_PIXELS
from zsar.datamodules.video_files.live.live_source import INDEX_AT_END, LOST, LiveSource, reason_of
from zsar.datamodules.video_files.live.source_clock import SourceClock
from zsar.datamodules.video_files.main_stream import main_stream
from zsar.datamodules.video_files.video_file import check_size, errors_name
from zsar.runtime.files.video_errors import VideoDecodeError

_AWAITED_SECONDS = 0.01
"""A packet that takes longer to read was waited for."""
_LATE_SECONDS = 0.25
"""Of frames that are read later, only one in this time is used."""
_VERY_LATE_SECONDS = 1.0
"""From here on only keyframes are decoded, until frames come in time."""
_MOST_RATE = 1000
"""Frames per second; headers that state more do not know."""


@dataclass(frozen=True)
class LiveFrame:
    """A frame of a live source.

    Attributes:
        number: Its number in the source; where frames before it are lost, they are counted by their time.
        seconds: Its time since the first frame.
        due: When it was captured or is due, on `time.monotonic`.
        picture: The decoded frame.
    """

    number: int
    seconds: float
    due: float
    picture: VideoFrame


class LiveFrames:
    """The frames of an open source, in order.

    Attributes:
        n_skipped: Frames that were not used since they were read too late.
        n_damaged: Frames that could not be decoded, or only in part, which are left out; and those from there to the
            next keyframe, which may refer to them and are used as decoded.
        stalled: Whether the source ended since no packet came in time.
        frame_seconds: Distance of two frames by the headers; 0 if they do not state it.
    """

    def __init__(self, source: LiveSource, container: InputContainer, stopped: threading.Event) -> None:
        """Finds the video stream.

        Args:
            source: The source.
            container: The source, opened.
            stopped: Ends reading when it is set.

        Raises:
            VideoDecodeError: There is no video that can be decoded, or its pictures are too large.
        """
        name = source.shown_name
        self._name, self._container, self._stopped = name, container, stopped
        self._stream = main_stream(container, name, Counter)
        self._codec = self._stream.codec_context
        check_size(name, self._codec.width, self._codec.height)
        self._codec.options = {"max_pixels": str(MOST_PIXELS)}
        self._codec.thread_type = "SLICE"  # threads by frames would delay each by some frames
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.frame_seconds = float(1 / rate) if rate and rate <= _MOST_RATE else 0.0
        of_the_web = source.kind == "address" and source.name.lower().startswith("http")
        waits = source.is_played or of_the_web or source.kind == "pipe"
        self._clock = SourceClock(waits=waits, stopped=stopped, frame_seconds=self.frame_seconds)
        self._is_file = source.kind == "file" and not source.follow
        self._is_mp4_in_order = source.comes_in_order and "mp4" in container.format.name.split(",")
        self._skips = source.real_time
        self._arrivals: deque[tuple[int | None, float, bool]] = deque(maxlen=64)
        self.n_skipped = self.n_damaged = 0
        self._number, self._last = -1, 0.0
        self._last_used = float("-inf")
        self._is_spoiled = False
        self.stalled = False
        self._newest = time.monotonic()

    @property
    def newest(self) -> float:
        """When the newest frame was read, even if it was skipped; in a file that is played, when it will be shown."""
        return max(self._newest, self._clock.held_until if self._is_file else 0.0)

    def __iter__(self) -> Iterator[LiveFrame]:
        """Frames as they come; a file or pipe at most in real time.

        Raises:
            VideoDecodeError: The source breaks off with an error, or its pictures become too large.
        """
        try:
            with errors_name(self._name, "reading it"):
                for packet in self._packets():
                    for picture in self._decoded(packet):
                        if self._stopped.is_set():
                            return
                        frame = self._frame(picture)
                        if frame is not None:
                            yield frame
        except VideoDecodeError as error:
            if self._number < 0 and self._is_mp4_in_order:
                raise VideoDecodeError(f"{error}; {INDEX_AT_END}") from None
            raise

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        packets = self._container.demux(self._stream)
        while not self._stopped.is_set():
            asked = time.monotonic()
            try:
                packet = next(packets)
            except StopIteration:
                break
            except TimeoutError:  # of an address
                self.stalled = True
                break
            except LOST as error:
                raise VideoDecodeError(f"{self._name}: {reason_of(error)} (while reading it)") from None
            arrived = time.monotonic()
            if packet.size:
                was_awaited = not self._is_file and arrived - asked > _AWAITED_SECONDS
                self._arrivals.append((packet.pts, arrived, was_awaited))
                yield packet
        yield None

    def _decoded(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        skipping = self._codec.skip_frame == "NONKEY" and packet is not None and not packet.is_keyframe
        try:
            frames = self._codec.decode(packet)
        except av.FFmpegError:  # damage in a stream passes: the next keyframe is whole
            self._is_spoiled = True
            self.n_damaged += 1
            return []
        if skipping and not frames:
            self.n_skipped += 1
            self._newest = time.monotonic()
        return frames

    def _frame(self, picture: VideoFrame) -> LiveFrame | None:
        """A frame with its times; None for one that is damaged or too late."""
        check_size(self._name, picture.width, picture.height)
        seconds = self._clock.seconds(self._stamp(picture))
        self._count(seconds)
        arrived, was_awaited = self._arrival(picture)
        due, late = self._clock.due(seconds, arrived=arrived, was_awaited=was_awaited)
        if self._skips and late > _VERY_LATE_SECONDS:
            self._codec.skip_frame = "NONKEY"
        elif self._codec.skip_frame == "NONKEY" and late < _LATE_SECONDS:
            self._codec.skip_frame = "DEFAULT"
        self._newest = time.monotonic()
        self._is_spoiled = picture.is_corrupt or (self._is_spoiled and not picture.key_frame)
        self.n_damaged += self._is_spoiled
        if picture.is_corrupt:
            return None
        if self._skips and late > _LATE_SECONDS and seconds - self._last_used < _LATE_SECONDS:
            self.n_skipped += 1
            return None
        self._last_used = seconds
        return LiveFrame(self._number, seconds, due, picture)

    def _count(self, seconds: float) -> None:
        """Numbers the next frame."""
        has_gaps = bool(self.n_skipped or self.n_damaged) and self.frame_seconds > 0
        self._number += max(1, round((seconds - self._last) / self.frame_seconds)) if has_gaps else 1
        self._last = seconds

    def _stamp(self, picture: VideoFrame) -> float | None:
        """The time stamp of a frame in seconds; AVI has none, but a constant rate."""
        if picture.pts is None or not self._stream.time_base or self._container.format.name == "avi":
            return None
        return float(picture.pts * self._stream.time_base)

    def _arrival(self, picture: VideoFrame) -> tuple[float, bool]:
        """When the packet of a frame arrived, and whether it was waited for."""
        for pts, arrived, was_awaited in reversed(self._arrivals):
            if pts == picture.pts:
                return arrived, was_awaited
        return (self._arrivals[-1][1], self._arrivals[-1][2]) if self._arrivals else (time.monotonic(), False)
