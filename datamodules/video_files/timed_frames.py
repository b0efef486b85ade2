"""Frames of a video found by time stamp, decoded from the nearest keyframe and checked against the packet index.

For the index see `packet_index`; files without one are read by `counted_frames`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from zsar.datamodules.video_files.packet_index import MOST_REORDERED, Keyframe, PacketIndex, packet_identity
from zsar.datamodules.video_files.video_file import OpenVideo, RGBConverter, frame_seconds, seconds_from, tick_seconds

T = TypeVar("T")

# Codecs whose decoder respects changes of `skip_frame` between packets. (dav1d reads it only at the start.)
_SKIPS_WHILE_DECODING = {"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video"}
# Decoders that conceal and report damage only if there is an earlier picture. They are given a keyframe twice.
_CONCEALS_FROM_BEFORE = {"mpeg4", "mpeg2video", "mpeg1video"}
# Codecs whose decoder uses the times of frames before a keyframe, so that damage there continues after it.
_REMEMBERS_TIMES = {"mpeg4"}


class PacketMismatchError(Exception):
    """The decoded frames do not match the packet index."""


class DamageSeen(Exception):
    """The decoder reports damage; decoding everything will show which frames it affects."""


class TimedFrames:
    """Frames found by time stamp.

    Attributes:
        skips: Whether the decoder skips frames that no other frame refers to.
    """

    def __init__(self, video: OpenVideo, index: PacketIndex) -> None:
        """Decodes nothing yet; the caller closes the video."""
        self._video = video
        self._index = index
        self.skips = _skipping_is_exact(video)
        self._keyframe_pts = {keyframe.pts for keyframe in index.keyframes}
        self._converter = RGBConverter()

    @property
    def index(self) -> PacketIndex:
        """The packet index."""
        return self._index

    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds on the player's clock, increasing."""
        return seconds_from(self._index.start_seconds, self._index.pts, self._video.stream)

    def last_frame_seconds(self) -> float:
        """How long the last frame is shown, in seconds: from its packet, else by the container's frame rate.

        Raises:
            ValueError: Both are unknown.
        """
        return self._index.last_duration * tick_seconds(self._video.stream) or frame_seconds(self._video.stream)

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Converts the wanted frames, decoding from each keyframe that is needed.

        Args:
            wanted: Indices from 0, increasing.

        Returns:
            index -> uint8 [H, W, 3], RGB; empty if any index is out of range.

        Raises:
            PacketMismatchError: The decoded frames do not match the packet index.
            DamageSeen: The decoder reports damage.
        """
        images: dict[int, NDArray[np.uint8]] = {}
        if wanted[-1] >= len(self._index.pts):
            return images
        for k, run in self._by_keyframe(wanted):
            images |= dict(self._run(self._index.keyframes[k], run, self._converter.rgb))
        return images

    def forward(self, wanted: Sequence[int], convert: Callable[[VideoFrame], T]) -> Iterator[tuple[int, T]]:
        """Converts the wanted frames one by one; decodes on across keyframes and seeks only over unwanted groups.

        MPEG-4 is decoded from each keyframe, as in `images`: see `_REMEMBERS_TIMES`.

        Args:
            wanted: Indices from 0, increasing, within range.
            convert: Applied to each frame, e.g. `RGBConverter.rgb`.

        Yields:
            Index and converted frame; frames yielded before an error match the packet index.

        Raises:
            PacketMismatchError: The decoded frames do not match the packet index.
            DamageSeen: The decoder reports damage; the frames yielded so far are not affected.
        """
        runs: list[tuple[int, list[int]]] = []
        last = -2
        for k, run in self._by_keyframe(wanted):
            if k == last + 1 and self._video.codec.codec.canonical_name not in _REMEMBERS_TIMES:
                runs[-1][1].extend(run)
            else:
                runs.append((k, run))
            last = k
        for k, run in runs:
            yield from self._run(self._index.keyframes[k], run, convert)

    def _by_keyframe(self, wanted: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """The wanted indices, grouped by the keyframe from which to decode."""
        # A frame shown before a keyframe may be stored after it, but then it refers to the previous keyframe.
        keyframe_pts = [keyframe.pts for keyframe in self._index.keyframes]
        for k, run in groupby(wanted, key=lambda i: bisect_right(keyframe_pts, self._index.pts[i]) - 1):
            yield k, list(run)

    def _run(
        self, keyframe: Keyframe, wanted: Sequence[int], convert: Callable[[VideoFrame], T]
    ) -> Iterator[tuple[int, T]]:
        """Decodes from a keyframe up to the last wanted frame and converts the wanted ones."""
        targets = {self._index.pts[i]: i for i in wanted}
        sent: list[int] = []
        returned: list[int] = []
        held: deque[VideoFrame] = deque()  # may refer to a frame that is shown, and so checked, later
        warm_up = keyframe.position > 0 and self._video.codec.codec.canonical_name in _CONCEALS_FROM_BEFORE
        for frame in self._decode(keyframe, targets, sent, warm_up=warm_up):
            if frame.pts is None:
                raise PacketMismatchError
            if warm_up and frame.pts == keyframe.pts:  # the first of two copies
                warm_up = False
                continue
            if frame.pts < keyframe.pts:  # shown before the keyframe: refers to frames not decoded here
                continue
            if (returned and frame.pts <= returned[-1]) or (frame.pts in self._keyframe_pts and not frame.key_frame):
                raise PacketMismatchError
            if frame.is_corrupt:
                raise DamageSeen
            returned.append(frame.pts)
            if frame.pts in targets:
                held.append(frame)
            while held and not self._awaits_reference(held[0].pts or 0, sent, returned[-1]):
                shown = held.popleft()
                yield targets[shown.pts or 0], convert(shown)
        expected = {pts for pts in sent if pts >= keyframe.pts}
        if self.skips:  # then some are missing, and only the decoder knows which
            expected &= set(returned)
        if returned != sorted(expected | set(targets)):
            raise PacketMismatchError
        for shown in held:
            yield targets[shown.pts or 0], convert(shown)

    def _awaits_reference(self, pts: int, sent: Sequence[int], last_returned: int) -> bool:
        """Whether a frame decoded before this one is shown after the last returned one."""
        positions = self._index.positions
        # Decoders hold back at most 16 frames, and another 16 may have been sent since.
        return any(p > last_returned and positions[p] < positions[pts] for p in sent[-2 * MOST_REORDERED :])

    def _decode(
        self, keyframe: Keyframe, targets: Iterable[int], sent: list[int], *, warm_up: bool
    ) -> Iterator[VideoFrame]:
        """Decodes the packets from a keyframe to the last target, in decoding order; then flushes the decoder.

        Appends the time stamps of packets with a shown frame to `sent`.
        """
        positions = {self._index.positions[pts] for pts in targets}
        last = max(positions)
        if min(positions) < keyframe.position:
            raise PacketMismatchError
        for position, packet in enumerate(self._packets_from(keyframe), start=keyframe.position):
            if packet.pts is None or self._index.positions.get(packet.pts) != position:
                raise PacketMismatchError
            if not packet.is_discard:
                sent.append(packet.pts)
            if warm_up and position == keyframe.position:
                yield from self._decoded(packet)
            if self.skips:
                self._video.codec.skip_frame = "DEFAULT" if position in positions else "NONREF"
            yield from self._decoded(packet)
            if position == last:
                break
        yield from self._decoded(None)

    def _decoded(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._video.decode(packet)
        except av.FFmpegError:
            raise DamageSeen from None

    def _packets_from(self, keyframe: Keyframe) -> Iterator[Packet[VideoStream]]:
        """The packets from a keyframe on. Seeking is inexact and may land before it, which is fine."""
        try:
            self._video.seek(keyframe.seek_to)
        except av.FFmpegError:  # some containers cannot seek
            raise PacketMismatchError from None
        packets = self._video.packets()
        for packet in packets:
            if packet.pts == keyframe.pts:
                if packet_identity(self._video, packet) != keyframe.identity:
                    raise PacketMismatchError
                yield packet
                yield from packets


def _skipping_is_exact(video: OpenVideo) -> bool:
    """Whether `skip_frame = "NONREF"` drops exactly the frames from which no other frame is predicted."""
    codec = video.codec.codec.canonical_name
    if video.container.format.name == "avi":
        return False  # its time stamps are reliable only if every frame is seen to be returned in order
    if codec != "hevc":
        return codec in _SKIPS_WHILE_DECODING
    # FFmpeg drops HEVC's sub-layer non-reference pictures, which a higher temporal layer may refer to. The hvcC record
    # (version 1, at least 23 bytes) of MP4 and Matroska holds the number of layers in bits 3 to 5 of byte 21.
    record = video.codec.extradata or b""
    return len(record) >= 23 and record[0] == 1 and (record[21] >> 3) & 7 == 1
