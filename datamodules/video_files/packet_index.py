"""PacketIndex: the frames of a video and their times, from its packets, without decoding.

The index is trusted only for codecs and containers in which every packet holds one frame and its time; all other files
are read by `counted_frames`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from zsar.datamodules.video_files.careful_decoding import first_frame_is_shown
from zsar.datamodules.video_files.player_clock import first_shown_ticks, start_seconds
from zsar.datamodules.video_files.video_file import OpenVideo

# Codecs in which every packet holds exactly one shown frame. (VP8, for example, has packets that show nothing.)
_ONE_FRAME_PER_PACKET = {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "ffv1"}
# An MPEG-4 packet of at most this size may be a placeholder for a frame packed into the previous packet.
_MPEG4_PLACE_HOLDER_BYTES = 19
# A decoder returns a frame at most this many frames after one that refers to it: the largest reference buffer.
MOST_REORDERED = 16
# Values of `field_order` (new in PyAV 18) other than interlaced, where a packet may hold half a frame.
_PROGRESSIVE = (0, 1)
_NO_FRAMES = "it holds no video frames"


class Keyframe(NamedTuple):
    """A packet from which decoding can start."""

    pts: int
    position: int  # of its packet, in decoding order
    seek_to: int  # a time stamp from which a container finds this packet, or one before it
    identity: tuple[int | None, int] = (None, 0)  # of the packet: see `packet_identity`


class PacketIndex(NamedTuple):
    """The frames of a stream, as listed by its packets."""

    pts: list[int]  # of the shown frames, increasing; ticks of the stream's time base
    positions: dict[int, int]  # pts -> position of its packet in decoding order, for shown and discarded packets
    keyframes: list[Keyframe]  # pts and position increase
    last_duration: int  # of the last shown frame, in ticks; 0 if unknown
    start_seconds: float = 0.0  # when the first shown frame is shown, on the player's clock


def index_packets(video: OpenVideo) -> PacketIndex | None:
    """Lists the packets without decoding them; None if frames cannot be identified by time stamp.

    No more than two packets are read of a stream whose kind already tells that its index would not be trusted.

    Raises:
        ValueError: There are no packets.
    """
    if not _kind_is_trusted(video):
        if next(_without_torn_end(video.packets()), None) is None:
            raise ValueError(_NO_FRAMES)
        return None
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
        if not packet.is_discard:  # frames hidden by an edit list; the decoder drops them after use as references
            shown.append((packet.pts, packet.duration or 0))
        if packet.is_keyframe:
            seek_to = packet.pts if packet.dts is None else min(packet.pts, packet.dts)
            keyframes.append(Keyframe(packet.pts, position, seek_to, packet_identity(video, packet)))
    if not pts:
        raise ValueError(_NO_FRAMES)
    known = [p for p in pts if p is not None]
    trusted = (
        len(set(known)) == len(pts)
        and bool(shown and keyframes)
        # Decoding must be able to start with the first packet, and nothing may be shown before it.
        and starts_at_once
        # If parts are missing, what a decoder reconstructs depends on the frames that it received before.
        and whole
        and keyframes[0].position == 0
        and keyframes[0].pts == min(known)
        and _keyframes_separate_frames(known, keyframes)
        and _reordering_is_possible(known)
        # One wrong time stamp at the end of a file displaces too few frames to show in their order.
        and longest_delay <= (MOST_REORDERED + 1) * max(longest_gap, shown[0][1])
        and _packets_are_trusted(video, in_order=known == sorted(known), smallest_bytes=smallest)
    )
    if not trusted:
        return None
    shown.sort()
    positions = {p: position for position, p in enumerate(known)}
    start = start_seconds(video, first_shown_ticks(video, shown[0][0], first_dts))
    return PacketIndex([p for p, _ in shown], positions, keyframes, shown[-1][1], start)


def packet_identity(video: OpenVideo, packet: Packet[VideoStream]) -> tuple[int | None, int]:
    """The packet's position in the file, if time stamps do not identify it, and its size in bytes.

    AVI stores no time stamps: they count packets when read from the start, but index entries after a seek. The two
    differ if the file or its index is damaged.
    """
    return (packet.pos if video.container.format.name == "avi" else None), packet.size


def _keyframes_separate_frames(pts: Sequence[int], keyframes: Sequence[Keyframe]) -> bool:
    """Whether all frames stored before a keyframe are shown before it.

    Args:
        pts: The time stamps in decoding order.
        keyframes: The keyframes in decoding order.
    """
    latest = np.maximum.accumulate(np.asarray(pts, dtype=np.int64))
    return all(latest[keyframe.position] == keyframe.pts for keyframe in keyframes)


def _without_torn_end(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """Drops the last packet if the end of the file cuts it off: it holds no complete frame."""
    previous = next(packets, None)
    for packet in packets:
        if previous is not None:
            yield previous
        previous = packet
    if previous is not None and not previous.is_corrupt:
        yield previous


def _kind_is_trusted(video: OpenVideo) -> bool:
    """Whether packets of this kind of stream hold one frame and its time stamp each, if nothing in them says else."""
    codec = video.codec.codec.canonical_name
    if codec not in _ONE_FRAME_PER_PACKET or getattr(video.codec, "field_order", 0) not in _PROGRESSIVE:
        return False
    # AVI has no time stamps: FFmpeg derives them, correctly only if frames are stored in display order.
    return video.container.format.name != "avi" or not getattr(video.codec, "has_b_frames", False)


def _packets_are_trusted(video: OpenVideo, *, in_order: bool, smallest_bytes: int) -> bool:
    """Whether the packets of a trusted kind of stream are what they are taken for."""
    if video.codec.codec.canonical_name == "mpeg4" and smallest_bytes <= _MPEG4_PLACE_HOLDER_BYTES:
        return False
    return video.container.format.name != "avi" or in_order


def _reordering_is_possible(pts: Sequence[int]) -> bool:
    """Whether a decoder could reorder frames by these time stamps, given in decoding order."""
    in_order = np.argsort(np.asarray(pts, dtype=np.int64), kind="stable")
    return bool((np.abs(in_order - np.arange(len(pts))) <= MOST_REORDERED).all())
