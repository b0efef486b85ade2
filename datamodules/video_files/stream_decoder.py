"""The decoder of a stream, set up so that the pixels of a damaged frame do not depend on earlier requests.

Damaged data may leave part of a picture unwritten, which no decoder reports. Two things may then show through:

* The state of the decoder. Decoders of Motion JPEG and FFV1 keep tables across keyframes, which a damaged packet may
  have changed. Each of their keyframes gets a new decoder.
* Old content of the memory that FFmpeg reuses for pictures, which depends on when earlier frames were freed. The last
  frames are held here, so that this does not depend on other references to them. (Decoders of H.264 and HEVC leave
  pixels unwritten so rarely that this is done only when a whole file is decoded.)
"""

from __future__ import annotations

from collections import deque

from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

__all__ = ["FrameSizes", "StreamDecoder"]

# Codecs with independent keyframes, whose decoders carry over more than pictures.
_NEW_AT_KEYFRAMES = {"mjpeg", "ffv1"}
# Codecs whose decoders write nearly every pixel of a damaged picture, or use their own memory.
_WRITE_ALL_PIXELS = {"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video", "mpeg1video"}
# Total size of the held frames; more than callers hold.
_HELD_BYTES = 64 * 2**20


class FrameSizes:
    """Memory taken by frames, cached by size and format, since looking it up is slow."""

    def __init__(self) -> None:
        """Starts with an empty cache."""
        self._bytes: dict[tuple[int, int, str], int] = {}

    def bytes_of(self, frame: VideoFrame) -> int:
        """The bytes of a frame's planes."""
        kind = (frame.width, frame.height, frame.format.name)
        if kind not in self._bytes:
            self._bytes[kind] = sum(plane.buffer_size for plane in frame.planes)
        return self._bytes[kind]


class StreamDecoder:
    """The decoder of one stream."""

    def __init__(self, codec: VideoCodecContext) -> None:
        """Opens nothing yet.

        Args:
            codec: The decoder that belongs to the stream; its settings are read when decoding begins.
        """
        self._first = self._codec = codec
        name = codec.codec.canonical_name
        self._renews = name in _NEW_AT_KEYFRAMES
        self._holds = name not in _WRITE_ALL_PIXELS
        self._held: deque[tuple[VideoFrame, int]] = deque()
        self._room = _HELD_BYTES
        self._sizes = FrameSizes()

    def hold_frames(self) -> None:
        """Holds the last frames for any codec."""
        self._holds = True

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """Decodes a packet; None flushes the decoder.

        Args:
            packet: The next packet of the stream, or the first one after a seek.

        Returns:
            The frames that the decoder returns.

        Raises:
            av.FFmpegError: The decoder fails.
        """
        frames: list[VideoFrame] = []
        if self._renews and packet is not None and packet.is_keyframe:
            frames += self._renewed()
        frames += self._codec.decode(packet)
        if packet is None:
            self._codec = self._first  # a flushed decoder accepts no more packets
        if self._holds:
            self._hold(frames)
        return frames

    def _renewed(self) -> list[VideoFrame]:
        """Switches to a new decoder; returns the remaining frames of the old one."""
        rest = self._codec.decode(None) if self._codec is not self._first else []
        self.forget()
        self._codec = _like(self._first)
        return rest

    def _hold(self, frames: list[VideoFrame]) -> None:
        for frame in frames:
            size = self._sizes.bytes_of(frame)
            self._held.append((frame, size))
            self._room -= size
        while self._room < 0:
            self._room += self._held.popleft()[1]

    def forget(self) -> None:
        """Resets the decoder for a seek or the end; frees the held frames."""
        self._codec = self._first
        self._held.clear()
        self._room = _HELD_BYTES


def _like(codec: VideoCodecContext) -> VideoCodecContext:
    """A new decoder of the same stream, with the same settings."""
    new = CodecContext.create(codec.codec.name, "r")
    assert isinstance(new, VideoCodecContext)
    new.extradata = codec.extradata
    new.codec_tag = codec.codec_tag
    new.width, new.height = codec.width, codec.height
    if codec.pix_fmt:
        new.pix_fmt = codec.pix_fmt
    new.bits_per_coded_sample = codec.bits_per_coded_sample
    new.color_range, new.colorspace = codec.color_range, codec.colorspace
    new.color_primaries, new.color_trc = codec.color_primaries, codec.color_trc
    new.options, new.flags = codec.options, codec.flags
    new.thread_count, new.thread_type = codec.thread_count, "SLICE"
    return new
