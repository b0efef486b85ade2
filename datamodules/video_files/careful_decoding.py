"""A video decoded from its beginning, with everything that the decoder complains of; and which frames that spoils.

What counts as a complaint: a packet at which the decoder fails, and a frame that the decoder flags as corrupt because
it had to conceal something. What a container flags is left to the decoder to judge: where two transport streams are
joined, whole packets are flagged. Decoders of VP8, VP9 and HEVC notice little of what is wrong with their data, and
that of FFV1 only writes to FFmpeg's log; what none of them reports is not seen here either.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple

import av
from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from zsar.datamodules.video_files.video_file import OpenVideo

__all__ = [
    "CONCEALED",
    "Complaints",
    "ShownFrame",
    "decode_carefully",
    "first_frame_is_shown",
    "is_harmless_start",
    "spoiled_frames",
]

CONCEALED = "Invalid data found and concealed by the decoder"
# Types of NAL units. Every picture after an IDR can be decoded without what came before.
_H264_IDR, _H264_SEI = 5, 6
_HEVC_ENTRY = range(16, 24)
_RECOVERY_POINT = 6  # a type of supplemental information


class Complaints:
    """What was wrong with the packets of a video, each with its place in decoding order.

    Attributes:
        corrupt: Packets that are damaged, or whose frame is.
        failed: Packets at which the decoder failed, and why.
    """

    def __init__(self) -> None:
        """No complaint yet."""
        self.corrupt: set[int] = set()
        self.failed: dict[int, str] = {}

    def causes(self) -> dict[int, str]:
        """All of them: packet -> what is wrong, in words."""
        return dict.fromkeys(sorted(self.corrupt), CONCEALED) | self.failed

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.corrupt or self.failed)


class ShownFrame(NamedTuple):
    """What is known of a decoded frame."""

    position: int  # of its packet, in decoding order
    is_key: bool
    pts: int | None


def decode_carefully(
    video: OpenVideo, complaints: Complaints, *, references_only: bool = False, stop_at_failure: bool = False
) -> Generator[tuple[int, VideoFrame]]:
    """Decodes a video that was just opened, whatever is wrong with it.

    Args:
        video: The video; nothing was read from it yet. It stays open.
        complaints: Where to write what is wrong.
        references_only: Leaves out the frames that nothing refers to, as far as the decoder can.
        stop_at_failure: Ends with the frames before the first packet at which the decoder fails.

    Yields:
        For each frame, in the order they are shown, the place of its packet and the frame.
    """
    codec = video.codec
    codec.flags |= Flags.copy_opaque
    video.hold_frames()
    if references_only:
        codec.skip_frame = "NONREF"
    harmless = False
    position = -1
    for position, packet in enumerate(video.packets()):
        if position == 0:
            harmless = is_harmless_start(video, packet)
        packet.opaque = position
        try:
            frames = video.decode(packet)
        except av.FFmpegError as error:
            complaints.failed[position] = error.strerror or str(error)
            if stop_at_failure:
                break
            continue
        for frame in frames:
            harmless = harmless and frame.is_corrupt
            yield _noted(frame, complaints, harmless=harmless)
    try:
        frames = video.decode(None)
    except av.FFmpegError as error:
        complaints.failed.setdefault(position, error.strerror or str(error))
        return
    for frame in frames:
        harmless = harmless and frame.is_corrupt
        yield _noted(frame, complaints, harmless=harmless)


def _noted(frame: VideoFrame, complaints: Complaints, *, harmless: bool) -> tuple[int, VideoFrame]:
    position = frame.opaque if isinstance(frame.opaque, int) else -1
    if frame.is_corrupt and not harmless:
        complaints.corrupt.add(position)
    return position, frame


def is_harmless_start(video: OpenVideo, first: Packet[VideoStream]) -> bool:
    """Whether frames that are flagged as corrupt may be sound as long as no other frame came before.

    Args:
        video: The video.
        first: Its first packet.

    Returns:
        Whether it is H.264 that starts at a recovery point: cut out of a longer stream, it refers to what is not there.
    """
    if video.codec.codec.canonical_name != "h264":
        return False
    return _H264_IDR not in {unit[0] & 31 for unit in _units(video, first)}


def first_frame_is_shown(video: OpenVideo, first: Packet[VideoStream]) -> bool:
    """Whether decoders show a video from its first packet on.

    What was cut out of a longer stream may begin with frames that refer to what was cut off, or that build up a picture
    bit by bit ("intra refresh"). Decoders hold these back until there is a whole picture, whatever the container says.

    Args:
        video: The video.
        first: Its first packet.
    """
    match video.codec.codec.canonical_name:
        case "h264":
            units = _units(video, first)
            kinds = {unit[0] & 31 for unit in units}
            return _H264_IDR in kinds or any(_recovers_at_once(unit) for unit in units if unit[0] & 31 == _H264_SEI)
        case "hevc":
            return any(unit[0] >> 1 & 63 in _HEVC_ENTRY for unit in _units(video, first))
        case "mpeg1video" | "mpeg2video":
            pictures = bytes(first).split(b"\x00\x00\x01\x00")[1:]
            return any(len(picture) > 1 and picture[1] >> 3 & 7 == 1 for picture in pictures[:1])
    return True


def _recovers_at_once(unit: bytes) -> bool:
    """Whether supplemental information of H.264 says that the picture is whole with this frame."""
    at = 1
    while at + 2 < len(unit):
        kind, size = 0, 0
        while unit[at] == 255 and at + 2 < len(unit):
            kind, at = kind + 255, at + 1
        kind, at = kind + unit[at], at + 1
        while unit[at] == 255 and at + 2 < len(unit):
            size, at = size + 255, at + 1
        size, at = size + unit[at], at + 1
        if kind == _RECOVERY_POINT:
            return at < len(unit) and unit[at] >= 128  # the number of frames until then is 0, which is one bit: 1
        at += size
    return False


def _units(video: OpenVideo, packet: Packet[VideoStream]) -> list[bytes]:
    """The NAL units of a packet of H.264 or HEVC, none empty."""
    data = bytes(packet)
    record = video.codec.extradata or b""
    length_at = 4 if video.codec.codec.canonical_name == "h264" else 21
    if record[:1] != b"\x01" or len(record) <= length_at:  # each follows a start code
        return [unit for unit in data.split(b"\x00\x00\x01")[1:] if unit]
    n_bytes, at, units = (record[length_at] & 3) + 1, 0, []  # MP4 and Matroska: each follows its length
    while at + n_bytes < len(data):
        size = int.from_bytes(data[at : at + n_bytes], "big")
        units.append(data[at + n_bytes : at + n_bytes + size])
        at += n_bytes + size
    return [unit for unit in units if unit]


def spoiled_frames(
    frames: Sequence[ShownFrame], own: Mapping[int, str], spoiling: Mapping[int, str], shown_as: Mapping[int, int]
) -> dict[int, str]:
    """Which frames are damaged, or built on one that is.

    Args:
        frames: All frames in the order in which they are shown.
        own: Packet -> what is wrong with its own frame.
        spoiling: Packet -> what is wrong, for packets to which other frames may refer.
        shown_as: Packet -> its place in `frames`, as far as it is known.

    Returns:
        Place in `frames` -> what is wrong with it. A frame is spoiled if it is damaged itself, or if there is a packet
        of `spoiling` between the last keyframe that is shown up to it and its own packet, in decoding order. Frames
        that are shown before that keyframe do not count: what follows it does not refer to them.
    """
    at = sorted(spoiling)
    spoiled: dict[int, str] = {}
    first = at[0] if at else None
    for i, frame in enumerate(frames):
        if frame.is_key:
            later = (at[k] for k in range(bisect_left(at, frame.position), len(at)))
            first = next((p for p in later if shown_as.get(p, i) >= i), None)
        if frame.position in own:
            spoiled[i] = own[frame.position]
        elif first is not None and first <= frame.position:
            spoiled[i] = spoiling[first]
    return spoiled
