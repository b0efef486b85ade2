"""Frames of a video found by decoding everything in order: slow, but correct for everything that can be decoded.

Frames are numbered by counting them, or by the packet index if it can be trusted, since it shows which are missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from zsar.datamodules.video_files.careful_decoding import Complaints
from zsar.datamodules.video_files.packet_index import MOST_REORDERED
from zsar.datamodules.video_files.timed_frames import DamageSeen
from zsar.datamodules.video_files.video_file import RGBConverter
from zsar.datamodules.video_files.whole_decoding import NOT_RETURNED, WholeDecoding

T = TypeVar("T")


class CountedFrames(WholeDecoding):
    """Frames found by decoding everything and counting."""

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Converts the wanted frames.

        Args:
            wanted: Indices from 0, increasing.

        Returns:
            index -> uint8 [H, W, 3], RGB; without frames after the end.

        Raises:
            VideoDecodeError: One of them is damaged or missing.
        """
        return dict(self.forward(wanted, RGBConverter().rgb))

    def forward(self, wanted: Sequence[int], convert: Callable[[VideoFrame], T]) -> Iterator[tuple[int, T]]:
        """Applies `convert` to the wanted frames one by one: (index, result)."""
        n_given = 0
        if self._times is None and self._listed is None:
            try:
                for i, image in self._sound_so_far(wanted, convert):
                    n_given += 1
                    yield i, image
                return
            except DamageSeen:
                pass
        self._decode_once()
        yield from self._known(wanted[n_given:], convert)

    def _sound_so_far(self, wanted: Sequence[int], convert: Callable[[VideoFrame], T]) -> Iterator[tuple[int, T]]:
        """Frames while they are counted for the first time; each is held until its references have been decoded.

        Raises:
            DamageSeen: The decoder reports damage.
        """
        targets, complaints = set(wanted), Complaints()
        held: deque[tuple[int, VideoFrame]] = deque()
        with closing(self._decoded(complaints)) as frames:
            for i, (_, frame) in enumerate(frames):
                if complaints:
                    raise DamageSeen
                if i in targets:
                    held.append((i, frame))
                while held and held[0][0] + MOST_REORDERED <= i:
                    at, shown = held.popleft()
                    yield at, convert(shown)
                if i >= wanted[-1] + MOST_REORDERED:
                    return
        if complaints:
            raise DamageSeen
        for at, shown in held:
            yield at, convert(shown)

    def _known(self, wanted: Sequence[int], convert: Callable[[VideoFrame], T]) -> Iterator[tuple[int, T]]:
        """Frames, once it is known which of them are damaged or missing."""
        remaining = deque(wanted)
        if not remaining:
            return
        before: VideoFrame | None = None
        with closing(self._numbered()) as frames:
            for i, frame in frames:
                while remaining and remaining[0] < i:
                    yield self._missing(remaining.popleft()), convert(before or frame)
                if not remaining:
                    return
                if remaining[0] == i:
                    self._judge(remaining.popleft())
                    yield i, convert(frame)
                before = frame
        for i in remaining:
            if i < len(self._places) or self._broken:
                self._missing(i)
                if before is None:
                    raise self._error(i, NOT_RETURNED)
                yield i, convert(before)

    def _numbered(self) -> Generator[tuple[int, VideoFrame]]:
        """All frames with their indices."""
        if self.kept:
            yield from enumerate(self.kept)
            return
        with closing(self._decoded(Complaints())) as frames:
            if self._listed is None:
                yield from enumerate(frame for _, frame in frames)
            else:
                yield from _in_order(((self._places[frame.pts or 0], frame) for _, frame in frames), self._returned)

    def _judge(self, i: int) -> None:
        if (cause := self._bad.get(i)) is None:
            return
        if self._on_damage == "raise":
            raise self._error(i, cause)
        self.damaged.add(i)

    def _missing(self, i: int) -> int:
        """Records a frame before the end that the decoder did not return.

        Raises:
            VideoDecodeError: Damage is an error.
        """
        if self._on_damage == "raise":
            raise self._error(i, self._bad.get(i, self._broken or NOT_RETURNED))
        self.damaged.add(i)
        return i


def _in_order(frames: Iterable[tuple[int, VideoFrame]], order: Sequence[int]) -> Iterator[tuple[int, VideoFrame]]:
    """Sorts frames by index; yields each as soon as all earlier ones were yielded.

    Args:
        frames: Indices and frames.
        order: All indices, increasing.

    Yields:
        The same pairs.
    """
    waiting: dict[int, VideoFrame] = {}
    n_given = 0
    for i, frame in frames:
        waiting[i] = frame
        while n_given < len(order) and order[n_given] in waiting:
            yield order[n_given], waiting.pop(order[n_given])
            n_given += 1
