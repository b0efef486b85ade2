"""Decodes a video from its beginning, collects the decoder's complaints, and finds which frames they affect.

Complaints are packets at which the decoder fails, and frames that it flags as corrupt because it concealed damage.
Flags of the container do not count by themselves: where two transport streams are joined, intact packets are flagged.
The decoders of VP8, VP9 and HEVC detect little damage, and that of FFV1 only writes to FFmpeg's log; damage that a
decoder does not report is not detected here either.
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
# Types of NAL units. Every picture after an IDR can be decoded without earlier ones.
_H264_IDR, _H264_SEI = 5, 6
_HEVC_ENTRY = range(16, 24)
_RECOVERY_POINT = 6  # a type of supplemental information


class Complaints:
    """Faults of a video's packets, by position in decoding order.

    Attributes:
        corrupt: Packets that are damaged, or whose frame is.
        failed: Packets at which the decoder failed -> the reason.
    """

    def __init__(self) -> None:
        """Starts empty."""
        self.corrupt: set[int] = set()
        self.failed: dict[int, str] = {}

    def causes(self) -> dict[int, str]:
        """Packet -> description of the fault, for all complaints."""
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
    """Decodes a video that was just opened, continuing after errors.

    Args:
        video: The video; nothing was read from it yet. It stays open.
        complaints: Collects the faults.
        references_only: Whether to skip frames that no other frame refers to, if the decoder can.
        stop_at_failure: Whether to stop at the first packet at which the decoder fails.

    Yields:
        For each frame, in display order, the position of its packet and the frame.
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
    """Whether frames flagged as corrupt may be sound until the first unflagged one.

    Args:
        video: The video.
        first: Its first packet.

    Returns:
        Whether it is H.264 that does not start with an IDR: cut out of a longer stream, it refers to missing frames.
    """
    if video.codec.codec.canonical_name != "h264":
        return False
    return _H264_IDR not in {unit[0] & 31 for unit in _units(video, first)}


def first_frame_is_shown(video: OpenVideo, first: Packet[VideoStream]) -> bool:
    """Whether decoders show a video from its first packet on.

    A video cut out of a longer stream may begin with frames that refer to the part cut off, or that build up a picture
    gradually ("intra refresh"). Decoders drop these until the picture is complete, regardless of the container.

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
    """Whether H.264 supplemental information declares the picture complete with this frame."""
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
            return at < len(unit) and unit[at] >= 128  # recovery_frame_cnt is 0, coded as the single bit 1
        at += size
    return False


def _units(video: OpenVideo, packet: Packet[VideoStream]) -> list[bytes]:
    """The NAL units of a packet of H.264 or HEVC, none empty."""
    data = bytes(packet)
    record = video.codec.extradata or b""
    length_at = 4 if video.codec.codec.canonical_name == "h264" else 21
    if record[:1] != b"\x01" or len(record) <= length_at:  # units follow start codes
        return [unit for unit in data.split(b"\x00\x00\x01")[1:] if unit]
    n_bytes, at, units = (record[length_at] & 3) + 1, 0, []  # MP4 and Matroska: units follow their lengths
    while at + n_bytes < len(data):
        size = int.from_bytes(data[at : at + n_bytes], "big")
        units.append(data[at + n_bytes : at + n_bytes + size])
        at += n_bytes + size
    return [unit for unit in units if unit]


def spoiled_frames(
    frames: Sequence[ShownFrame], damaged: Mapping[int, str], spoiling: Mapping[int, str], shown_as: Mapping[int, int]
) -> dict[int, str]:
    """Finds frames that are damaged or depend on a damaged one.

    Args:
        frames: All frames in display order.
        damaged: Packet -> fault of its own frame.
        spoiling: Packet -> fault, for packets to which other frames may refer.
        shown_as: Packet -> its index in `frames`, where known.

    Returns:
        Index in `frames` -> fault. A frame is spoiled if it is damaged itself, or if a packet of `spoiling` lies, in
        decoding order, between the last keyframe shown up to this frame and the frame's own packet. Packets of frames
        shown before that keyframe do not count: frames after it do not refer to them.
    """
    at = sorted(spoiling)
    spoiled: dict[int, str] = {}
    first = at[0] if at else None
    for i, frame in enumerate(frames):
        if frame.is_key:
            later = (at[k] for k in range(bisect_left(at, frame.position), len(at)))
            first = next((p for p in later if shown_as.get(p, i) >= i), None)
        if frame.position in damaged:
            spoiled[i] = damaged[frame.position]
        elif first is not None and first <= frame.position:
            spoiled[i] = spoiling[first]
    return spoiled
