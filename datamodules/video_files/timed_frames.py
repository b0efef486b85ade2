"""Frames of a video found by their time stamps: from the nearest keyframe on, checked against the list of packets.

The list is made without decoding. It is trusted only for codecs and containers in which every packet holds one frame
and says when it is shown; `video_files.counted_frames` is the way for all other files.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeVar

import av
import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from zsar.datamodules.video_files.careful_decoding import first_frame_is_shown
from zsar.datamodules.video_files.player_clock import first_shown_ticks, start_seconds
from zsar.datamodules.video_files.video_file import OpenVideo, RGBConverter, frame_seconds, seconds_from, tick_seconds

T = TypeVar("T")

# Codecs of which every packet holds exactly one shown frame. (VP8, for one, has packets that show nothing.)
_ONE_FRAME_PER_PACKET = {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "ffv1"}
# Of those, the ones whose decoder heeds `skip_frame` between two packets. (dav1d reads it at the start only.)
_SKIPS_WHILE_DECODING = {"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video"}
# An MPEG-4 packet of at most this size may be a place holder for a frame that is packed into the packet before.
_MPEG4_PLACE_HOLDER_BYTES = 19
# Decoders that conceal damage, and report it, only where there is a picture before it. They are given a keyframe twice.
_CONCEALS_FROM_BEFORE = {"mpeg4", "mpeg2video", "mpeg1video"}
# A decoder returns a frame at most this many frames after one that refers to it: the largest reference buffer there is.
MOST_REORDERED = 16
# Codecs whose decoder computes with the times of frames before a keyframe, so that damage there goes on after it.
_REMEMBERS_TIMES = {"mpeg4"}
# The values of `field_order` (new in PyAV 18) that do not say "interlaced", where a packet may hold half a frame.
_PROGRESSIVE = (0, 1)


class PacketMismatchError(Exception):
    """The decoder does not return what the list of packets says."""


class DamageSeen(Exception):
    """The decoder complains of damage; which frames it spoils is settled by decoding everything."""


class Keyframe(NamedTuple):
    """A packet that decoding can begin with."""

    pts: int
    position: int  # of its packet, in decoding order
    seek_to: int  # a time stamp from which a container finds this packet, or one before it
    identity: tuple[int | None, int] = (None, 0)  # of the packet: see `_identity`


class PacketIndex(NamedTuple):
    """What the packets of a stream tell of its frames."""

    pts: list[int]  # of the shown frames, increasing; ticks of the stream's time base
    positions: dict[int, int]  # pts -> place of its packet in decoding order, for shown and discarded packets
    keyframes: list[Keyframe]  # pts and position increase
    last_duration: int  # of the last shown frame, in ticks; 0 where unknown
    start_seconds: float = 0.0  # when the first shown frame is shown, on the player's clock


def index_packets(video: OpenVideo) -> PacketIndex | None:
    """Lists the packets without decoding them; None where frames cannot be identified by their time stamps.

    Raises:
        ValueError: There are no packets.
    """
    pts: list[int | None] = []
    shown: list[tuple[int, int]] = []
    keyframes: list[Keyframe] = []
    smallest = 2**63
    first_dts: int | None = None
    last_dts: int | None = None
    longest_gap = longest_delay = 0
    starts_at_once = whole = True
    for position, packet in enumerate(_without_torn_end(video.packets())):
        if position == 0:
            first_dts = packet.dts
            starts_at_once = first_frame_is_shown(video, packet)
        if packet.dts is not None and packet.pts is not None:
            longest_gap = max(longest_gap, packet.dts - last_dts if last_dts is not None else 0)
            longest_delay = max(longest_delay, packet.pts - packet.dts)
            last_dts = packet.dts
        whole = whole and not packet.is_corrupt
        pts.append(packet.pts)
        smallest = min(smallest, packet.size)
        if packet.pts is None:
            continue
        if not packet.is_discard:  # an edit list hides these, the decoder drops them after use as references
            shown.append((packet.pts, packet.duration or 0))
        if packet.is_keyframe:
            seek_to = packet.pts if packet.dts is None else min(packet.pts, packet.dts)
            keyframes.append(Keyframe(packet.pts, position, seek_to, _identity(video, packet)))
    if not pts:
        raise ValueError("it holds no video frames")
    known = [p for p in pts if p is not None]
    trusted = (
        len(set(known)) == len(pts)
        and bool(shown and keyframes)
        # Decoding must be able to begin with the first packet, and nothing shown may come before it.
        and starts_at_once
        # Where parts are missing, what a decoder makes up depends on which frames it was given before.
        and whole
        and keyframes[0].position == 0
        and keyframes[0].pts == min(known)
        and _keyframes_part_the_frames(known, keyframes)
        and _reordering_is_possible(known)
        # One false time stamp at the end of a file displaces too few frames to be seen in their order.
        and longest_delay <= (MOST_REORDERED + 1) * max(longest_gap, shown[0][1])
        and _stream_is_trusted(video, in_order=known == sorted(known), smallest_bytes=smallest)
    )
    if not trusted:
        return None
    shown.sort()
    positions = {p: position for position, p in enumerate(known)}
    start = start_seconds(video, first_shown_ticks(video, shown[0][0], first_dts))
    return PacketIndex([p for p, _ in shown], positions, keyframes, shown[-1][1], start)


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
                if _identity(self._video, packet) != keyframe.identity:
                    raise PacketMismatchError
                yield packet
                yield from packets


def _identity(video: OpenVideo, packet: Packet[VideoStream]) -> tuple[int | None, int]:
    """Its place in the file, where time stamps do not tell packets apart, and its size in bytes.

    AVI stores no time stamps: read from the start its packets are counted, after a jump the entries of its index. Where
    the file is damaged, or the index is, these are not the same.
    """
    return (packet.pos if video.container.format.name == "avi" else None), packet.size


def _keyframes_part_the_frames(pts: Sequence[int], keyframes: Sequence[Keyframe]) -> bool:
    """Whether what is stored before a keyframe is shown before it.

    Args:
        pts: The time stamps in decoding order.
        keyframes: The keyframes in decoding order.
    """
    latest = np.maximum.accumulate(np.asarray(pts, dtype=np.int64))
    return all(latest[keyframe.position] == keyframe.pts for keyframe in keyframes)


def _without_torn_end(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Leaves out the last packet if the end of the file cuts it off: there is no frame in it."""
    previous = next(packets, None)
    for packet in packets:
        if previous is not None:
            yield previous
        previous = packet
    if previous is not None and not previous.is_corrupt:
        yield previous


def _stream_is_trusted(video: OpenVideo, *, in_order: bool, smallest_bytes: int) -> bool:
    """Whether each packet of this kind of stream holds one frame, and its time stamp is that frame's."""
    codec = video.codec.codec.canonical_name
    if codec not in _ONE_FRAME_PER_PACKET or getattr(video.codec, "field_order", 0) not in _PROGRESSIVE:
        return False
    if codec == "mpeg4" and smallest_bytes <= _MPEG4_PLACE_HOLDER_BYTES:
        return False
    # AVI has no time stamps: FFmpeg makes them up, rightly only where frames are stored in the order they are shown.
    return video.container.format.name != "avi" or (in_order and not getattr(video.codec, "has_b_frames", False))


def _reordering_is_possible(pts: Sequence[int]) -> bool:
    """Whether a decoder could show frames in the order of these time stamps, which are in decoding order."""
    in_order = np.argsort(np.asarray(pts, dtype=np.int64), kind="stable")
    return bool((np.abs(in_order - np.arange(len(pts))) <= MOST_REORDERED).all())


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
