"""One decoding of a whole file in order: when its frames are shown, and which of them are damaged or missing.

Frames are numbered by counting them, or by the packet index if it can be trusted, since it shows which are missing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from zsar.datamodules.video_files.careful_decoding import Complaints, ShownFrame, decode_carefully, spoiled_frames
from zsar.datamodules.video_files.decode_limits import MOST_PIXELS
from zsar.datamodules.video_files.packet_index import MOST_REORDERED
from zsar.datamodules.video_files.player_clock import first_shown_ticks, start_seconds
from zsar.datamodules.video_files.stream_decoder import FrameSizes
from zsar.datamodules.video_files.timed_frames import PacketMismatchError, TimedFrames
from zsar.datamodules.video_files.video_file import (
    OpenVideo,
    VideoDecodeError,
    frame_seconds,
    seconds_from,
    tick_seconds,
)

OnDamage = Literal["raise", "accept"]

# Frames decoded for counting are kept, as the decoder returns them, if together they take no more than this, so that
# reading them needs no second decoding. (UCF-101 and HMDB-51, which are counted, take 20 MiB per video.)
_KEPT_BYTES = 64 * 2**20
NOT_RETURNED = "the decoder does not return it"


class WholeDecoding:
    """The times of all frames of a file, and what is wrong with them.

    Attributes:
        is_in_order: Whether the decoder returns the indexed frames in order of their times. Frames of a damaged file
            may be returned out of order; they are shown by their times.
        kept: All frames as the decoder returned them, after counting, if they are small enough; else empty.
        damaged: Indices of the damaged frames that were returned, if damage is accepted.
    """

    def __init__(
        self, path: str, threads: int, *, on_damage: OnDamage = "raise", listed: TimedFrames | None = None
    ) -> None:
        """Opens nothing yet: each pass of decoding opens the file.

        Args:
            path: The file.
            threads: Decoder threads; 0: FFmpeg's choice.
            on_damage: Whether damaged frames are errors, or are returned and recorded; a missing frame is replaced by
                the one before it.
            listed: The frames of the packet index, if it can be trusted; None to count the frames that the decoder
                returns.
        """
        self._path, self._threads, self._on_damage, self._listed = path, threads, on_damage, listed
        self._places = {} if listed is None else {pts: i for i, pts in enumerate(listed.index.pts)}
        self._times: NDArray[np.float64] | None = None
        self._last_seconds = 0.0
        self._bad: dict[int, str] = {}
        self._broken = ""
        self._n_missing = 0
        self._shown: list[ShownFrame] = []
        self._last_duration = 0
        self._fails_or_conceals = False
        self._conceals = False  # set once the file is known to be damaged: see `OpenVideo`
        self._returned: list[int] = []
        self.is_in_order = True
        self.kept: list[VideoFrame] = []
        self.damaged: set[int] = set()

    @property
    def is_broken(self) -> bool:
        """Whether the decoder fails after some frames, so that later ones cannot be counted."""
        return bool(self._broken)

    @property
    def is_sound(self) -> bool:
        """Whether every frame can be decoded without damage."""
        self._decode_once()
        return not self._bad and not self._broken

    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds on the player's clock, increasing.

        If time stamps are missing or do not increase, the frames are spaced by the container's frame rate.

        Raises:
            ValueError: No frame can be decoded, or the container has no frame rate.
            VideoDecodeError: The decoder fails, so that the frames cannot be counted (only if damage is an error).
        """
        times = self._decode_once()
        if self._broken:
            raise VideoDecodeError(
                f"{self._path}: {self._broken} (while counting its frames); after frame {len(times) - 1}"
            )
        return times

    def last_frame_seconds(self) -> float:
        """How long the last frame is shown, in seconds: from the file, else by the container's frame rate."""
        self.times_seconds()
        return self._last_seconds if self._listed is None else self._listed.last_frame_seconds()

    def _error(self, i: int, cause: str) -> VideoDecodeError:
        if cause == NOT_RETURNED:
            n = len(self._places)
            return VideoDecodeError(
                f"{self._path}: frame {i} is missing: the container lists {n} frames, but only "
                f"{n - self._n_missing} can be decoded; re-encode the video"
            )
        return VideoDecodeError(f"{self._path}: {cause} (while decoding it); this spoils frame {i}")

    def _decoded(self, complaints: Complaints, *, references_only: bool = False) -> Generator[tuple[int, VideoFrame]]:
        """Every frame of the file in the decoder's output order; reopens the file, since raw streams cannot seek."""
        video = OpenVideo(self._path, self._threads, conceal=self._conceals)
        self._fails_or_conceals = video.fails_or_conceals
        stop = self._on_damage == "raise" and self._listed is None and not video.fails_or_conceals
        try:
            yield from decode_carefully(video, complaints, references_only=references_only, stop_at_failure=stop)
        finally:
            video.close()

    def _decode_once(self) -> NDArray[np.float64]:
        """Decodes everything once; stores frame times, damage, and the frames if they are small; returns the times."""
        if self._times is not None:
            return self._times
        complaints = self._decode_all()
        if complaints and self._fails_or_conceals and not self._conceals:
            self._conceals = True
            strict, complaints = complaints, self._decode_all()
            complaints.corrupt |= strict.corrupt | set(strict.failed)
        shown, self._shown = self._shown, []
        if self._listed is not None:
            self._bad = self._compared(self._listed, shown, complaints)
            self._times = self._listed.times_seconds()
            return self._times
        if not shown:
            cause = next(iter(complaints.failed.values()), "the decoder returns none")
            raise ValueError(f"not one of its frames can be decoded: {cause}; the limit is {MOST_PIXELS} px a picture")
        times = self._counted_times([frame.pts for frame in shown], self._last_duration)
        causes = complaints.causes()
        self._bad = spoiled_frames(shown, causes, causes, {frame.position: i for i, frame in enumerate(shown)})
        if complaints.failed and self._on_damage == "raise":
            self._broken = next(iter(complaints.failed.values()))
        self._times = times
        return times

    def _decode_all(self) -> Complaints:
        """Decodes everything; records what is known of the frames, keeps small ones, and returns the complaints."""
        complaints = Complaints()
        self._shown.clear()
        self.kept.clear()
        sizes, room = FrameSizes(), _KEPT_BYTES if self._listed is None else -1
        for position, frame in self._decoded(complaints):
            self._shown.append(ShownFrame(position, frame.key_frame, frame.pts))
            self._last_duration = frame.duration or 0
            room -= sizes.bytes_of(frame)
            if room >= 0:
                self.kept.append(frame)
            else:
                self.kept.clear()
        return complaints

    def _counted_times(self, pts: Sequence[int | None], last_duration: int) -> NDArray[np.float64]:
        """The times of the frames; also stores how long the last one is shown."""
        video = OpenVideo(self._path, self._threads)
        try:
            first = next(video.packets(), None)
            start = start_seconds(video, first_shown_ticks(video, pts[0], first.dts if first else None))
            known = [p for p in pts if p is not None]
            if len(known) < len(pts) or any(a >= b for a, b in pairwise(known)):
                self._last_seconds = frame_seconds(video.stream)
                return np.arange(len(pts), dtype=np.float64) * self._last_seconds + start
            self._last_seconds = last_duration * tick_seconds(video.stream) or frame_seconds(video.stream)
            return seconds_from(start, known, video.stream)
        finally:
            video.close()

    def _compared(self, listed: TimedFrames, shown: Sequence[ShownFrame], complaints: Complaints) -> dict[int, str]:
        """What is wrong with each frame of the packet index.

        Raises:
            PacketMismatchError: The index is wrong in other ways than by missing frames.
        """
        pts = [frame.pts for frame in shown]
        places = [self._places.get(-1 if p is None else p, -1) for p in pts]
        self._returned = sorted(places)
        if -1 in places or len(set(places)) < len(places) or not _nearly_sorted(places):
            raise PacketMismatchError
        self.is_in_order = places == self._returned
        shown_by_pts = dict(zip(pts, shown, strict=True))
        positions = listed.index.positions
        frames = [shown_by_pts.get(p) or ShownFrame(positions[p], is_key=False, pts=p) for p in listed.index.pts]
        missing = {positions[p]: NOT_RETURNED for p in listed.index.pts if p not in shown_by_pts}
        self._n_missing = len(missing)
        causes = complaints.causes()
        spoiling = self._spoiling_references(causes) if causes and listed.skips else causes
        return spoiled_frames(frames, missing | causes, spoiling, {frame.position: i for i, frame in enumerate(frames)})

    def _spoiling_references(self, causes: dict[int, str]) -> dict[int, str]:
        """The damaged packets to which other frames may refer: those that the decoder does not skip."""
        complaints = Complaints()
        returned = {position for position, _ in self._decoded(complaints, references_only=True)}
        return {p: cause for p, cause in causes.items() if p in returned or p in complaints.failed}


def _nearly_sorted(places: Sequence[int]) -> bool:
    """Whether frames can be sorted within the window that a packet index and a decoder may reorder."""
    ranks = np.argsort(np.argsort(np.asarray(places, dtype=np.int64), kind="stable"), kind="stable")
    return bool((np.abs(ranks - np.arange(len(places))) <= 2 * MOST_REORDERED).all())
