"""Frames of a video found by decoding everything in order and counting: slow, and right for whatever can be decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from datamodules.player_clock import first_shown_ticks, start_seconds
from datamodules.video_file import OpenVideo, RGBConverter, frame_seconds, seconds_from

# Frames decoded for counting are kept, as the decoder gives them, if all of them take no more than this: then reading
# them needs no second decoding. (UCF-101 and HMDB-51, which are counted, take 20 MiB a video.)
_KEPT_BYTES = 64 * 2**20


class CountedFrames:
    """Frames that are found by decoding everything and counting.

    Attributes:
        kept: Every frame as the decoder gave it, once they are counted and if they are small enough; else empty.
    """

    def __init__(self, path: str, threads: int) -> None:
        """Opens nothing yet: every decoding opens the file anew, with so many decoder threads (0: FFmpeg's choice)."""
        self._path = path
        self._threads = threads
        self._times: NDArray[np.float64] | None = None
        self._last_seconds = 0.0
        self.kept: list[VideoFrame] = []

    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds on the player's clock, increasing.

        Where time stamps are missing or do not increase, the frames are spaced by the container's frame rate.

        Raises:
            ValueError: No frame can be decoded, or the container has no frame rate.
        """
        if self._times is None:
            self._times = self._count()
        return self._times

    def last_frame_seconds(self) -> float:
        """How long the last frame is shown, in seconds, by the container's frame rate."""
        self.times_seconds()
        return self._last_seconds

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Converts the wanted frames.

        Args:
            wanted: Indices from 0, increasing.

        Returns:
            index -> uint8 [H, W, 3], RGB; without the frames that lie behind the end.
        """
        return dict(self.forward(wanted))

    def forward(self, wanted: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Converts the wanted frames one by one: (index, uint8 [H, W, 3]) as `images` has them."""
        converter = RGBConverter()
        targets = set(wanted)
        frames = islice(self.kept or _decode_all(self._path, self._threads), wanted[-1] + 1)
        for i, frame in enumerate(frames):
            if i in targets:
                yield i, converter.rgb(frame)

    def _count(self) -> NDArray[np.float64]:
        """Decodes everything: the times of the frames, and the frames themselves where they are not too large."""
        pts: list[int | None] = []
        kept: list[VideoFrame] = []
        room = _KEPT_BYTES
        for frame in _decode_all(self._path, self._threads):
            pts.append(frame.pts)
            room -= sum(plane.buffer_size for plane in frame.planes)
            if room >= 0:
                kept.append(frame)
            else:
                kept.clear()
        self.kept = kept
        if not pts:
            raise ValueError("not one of its frames can be decoded")
        video = OpenVideo(self._path, self._threads)
        try:
            self._last_seconds = frame_seconds(video.stream)
            first = next(video.packets(), None)
            start = start_seconds(video, first_shown_ticks(video, pts[0], first.dts if first else None))
            known = [p for p in pts if p is not None]
            if len(known) < len(pts) or any(a >= b for a, b in pairwise(known)):
                return np.arange(len(pts), dtype=np.float64) * self._last_seconds + start
            return seconds_from(start, known, video.stream)
        finally:
            video.close()


def _decode_all(path: str, threads: int) -> Iterator[VideoFrame]:
    """Every frame of a file in the order the decoder shows them; opens the file anew, as raw streams cannot seek."""
    video = OpenVideo(path, threads)
    try:
        for packet in video.packets():
            yield from video.codec.decode(packet)
        yield from video.codec.decode(None)
    finally:
        video.close()
