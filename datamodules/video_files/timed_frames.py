"""Frames of a video found by their time stamps: from the nearest keyframe on, checked against the list of packets.

The list is `packet_index`'s; files that have none are read by `counted_frames`.
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

# Codecs whose decoder heeds `skip_frame` between two packets. (dav1d reads it at the start only.)
_SKIPS_WHILE_DECODING = {"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video"}
# Decoders that conceal damage, and report it, only where there is a picture before it. They are given a keyframe twice.
_CONCEALS_FROM_BEFORE = {"mpeg4", "mpeg2video", "mpeg1video"}
# Codecs whose decoder computes with the times of frames before a keyframe, so that damage there goes on after it.
_REMEMBERS_TIMES = {"mpeg4"}


class PacketMismatchError(Exception):
    """The decoder does not return what the list of packets says."""


class DamageSeen(Exception):
    """The decoder complains of damage; which frames it spoils is settled by decoding everything."""


class TimedFrames:
    """Frames that are found by their time stamps.

    Attributes:
        skips: Whether the decoder passes over frames that nothing refers to.
    """

    def __init__(self, video: OpenVideo, index: PacketIndex) -> None:
        """Decodes nothing yet; the video is the caller's to close."""
        self._video = video
        self._index = index
        self.skips = _skipping_is_exact(video)
        self._keyframe_pts = {keyframe.pts for keyframe in index.keyframes}
        self._converter = RGBConverter()

    @property
    def index(self) -> PacketIndex:
        """The list of packets."""
        return self._index

    def times_seconds(self) -> NDArray[np.float64]:
        """float64 [n_frames]: when each frame is shown, in seconds on the player's clock, increasing."""
        return seconds_from(self._index.start_seconds, self._index.pts, self._video.stream)

    def last_frame_seconds(self) -> float:
        """How long the last frame is shown: as its packet says, else by the container's frame rate.

        Raises:
            ValueError: Neither says.
        """
        return self._index.last_duration * tick_seconds(self._video.stream) or frame_seconds(self._video.stream)

    def images(self, wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """Converts the wanted frames: a run of decoding from each keyframe that is needed.

        Args:
            wanted: Indices from 0, increasing.

        Returns:
            index -> uint8 [H, W, 3], RGB; nothing at all if an index lies behind the end.

        Raises:
            PacketMismatchError: What is decoded is not what the packets foretold.
            DamageSeen: The decoder complains.
        """
        images: dict[int, NDArray[np.uint8]] = {}
        if wanted[-1] >= len(self._index.pts):
            return images
        for k, run in self._by_keyframe(wanted):
            images |= dict(self._run(self._index.keyframes[k], run, self._converter.rgb))
        return images

    def forward(self, wanted: Sequence[int], convert: Callable[[VideoFrame], T]) -> Iterator[tuple[int, T]]:
        """Converts the wanted frames one by one; decoding goes on past a keyframe, and jumps only over unwanted groups.

        MPEG-4 is decoded from each keyframe, as `images` does it: see `_REMEMBERS_TIMES`.

        Args:
            wanted: Indices from 0, increasing, none behind the end.
            convert: What is made of a frame: RGB by `RGBConverter.rgb`, for one.

        Yields:
            The index, and what was made of the frame; what was given before an error is what the packets foretold.

        Raises:
            PacketMismatchError: What is decoded is not what the packets foretold.
            DamageSeen: The decoder complains; the frames given so far are not affected.
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
        """The wanted indices by the keyframe that decoding has to begin with."""
        # A frame that is shown before a keyframe may be stored after it, but then it refers to the keyframe before.
        keyframe_pts = [keyframe.pts for keyframe in self._index.keyframes]
        for k, run in groupby(wanted, key=lambda i: bisect_right(keyframe_pts, self._index.pts[i]) - 1):
            yield k, list(run)

    def _run(
        self, keyframe: Keyframe, wanted: Sequence[int], convert: Callable[[VideoFrame], T]
    ) -> Iterator[tuple[int, T]]:
        """Decodes from a keyframe up to the wanted frames that depend on it or follow, and converts these."""
        targets = {self._index.pts[i]: i for i in wanted}
        sent: list[int] = []
        returned: list[int] = []
        held: deque[VideoFrame] = deque()  # frames that may refer to one which is shown, and so checked, only later
        warm_up = keyframe.position > 0 and self._video.codec.codec.canonical_name in _CONCEALS_FROM_BEFORE
        for frame in self._decode(keyframe, targets, sent, warm_up=warm_up):
            if frame.pts is None:
                raise PacketMismatchError
            if warm_up and frame.pts == keyframe.pts:  # the first of the two
                warm_up = False
                continue
            if frame.pts < keyframe.pts:  # shown before the keyframe: refers to what was not decoded here
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
        if self.skips:  # then some are missing, and which only the decoder knows
            expected &= set(returned)
        if returned != sorted(expected | set(targets)):
            raise PacketMismatchError
        for shown in held:
            yield targets[shown.pts or 0], convert(shown)

    def _awaits_reference(self, pts: int, sent: Sequence[int], last_returned: int) -> bool:
        """Whether a frame that is decoded before this one is shown after the last one that was returned."""
        positions = self._index.positions
        # No decoder holds back more than 16 frames, and as many may have been sent since.
        return any(p > last_returned and positions[p] < positions[pts] for p in sent[-2 * MOST_REORDERED :])

    def _decode(
        self, keyframe: Keyframe, targets: Iterable[int], sent: list[int], *, warm_up: bool
    ) -> Iterator[VideoFrame]:
        """Decodes the packets from a keyframe to the last target, in decoding order; then empties the decoder.

        The time stamps of the packets whose frames are shown are appended to `sent`.
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
        """The packets from a keyframe on. Seeking may land before it: containers are not exact, nor need they be."""
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
    """Whether the frames that `skip_frame = "NONREF"` drops are those that no other frame is predicted from."""
    codec = video.codec.codec.canonical_name
    if video.container.format.name == "avi":
        return False  # its time stamps are not to be relied on unless every frame is seen to come back in order
    if codec != "hevc":
        return codec in _SKIPS_WHILE_DECODING
    # FFmpeg drops HEVC's sub-layer non-reference pictures, which a higher temporal layer may refer to. The hvcC record
    # (version 1, 23 bytes or more) of MP4 and Matroska says how many layers there are: bits 3 to 5 of byte 21.
    record = video.codec.extradata or b""
    return len(record) >= 23 and record[0] == 1 and (record[21] >> 3) & 7 == 1
