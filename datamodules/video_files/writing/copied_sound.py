"""The sound of a video, copied into another .mp4 file without decoding it (PyAV).

Packets are written in step with the picture, so that memory does not grow with the length of the video. They keep their
times on the player's clock (`video_files.decoding`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from zsar.datamodules.video_files.main_stream import is_real_video
from zsar.datamodules.video_files.openable_files import OPEN_OPTIONS
from zsar.runtime.shards.stored_videos import stored_in_shard

# Codecs that players read in .mp4 files; FFmpeg would also write others, which few can play.
_PLAYED_IN_MP4 = {"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"}


class CopiedSound:
    """The first sound stream of a video; a context manager.

    Attributes:
        codec: FFmpeg's name of its codec; None if the video has no sound.
        is_copied: Whether it can be copied.
    """

    def __init__(self, source: str | Path, *, starts_late: bool) -> None:
        """Opens the video.

        Args:
            source: The video, which was read before.
            starts_late: Whether its picture starts after its sound.

        Raises:
            av.FFmpegError: It cannot be opened.
        """
        # "file:" keeps FFmpeg from parsing a name like "a:b.mp4" as a protocol.
        file = stored_in_shard(source) or f"file:{os.fspath(source)}"
        self._container: InputContainer = av.open(file, mode="r", metadata_errors="replace", options=OPEN_OPTIONS)
        try:
            stream = next(iter(self._container.streams.audio), None)
            self.codec = stream.codec_context.codec.canonical_name if stream and stream.codec_context else None
            self.is_copied = self.codec in _PLAYED_IN_MP4 and stream is not None and bool(stream.time_base)
            self._start_seconds = _clock_start(self._container, starts_late=starts_late)
        except BaseException:
            self._container.close()
            raise
        self._source = stream
        self._stream: AudioStream | None = None
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None

    def __enter__(self) -> CopiedSound:
        """The sound itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the video."""
        self._container.close()

    def begin(self, container: OutputContainer) -> None:
        """Adds the stream to the file that is written, before its first packet."""
        assert self._source is not None
        self._stream = container.add_stream_from_template(self._source)
        self._packets = (packet for packet in self._container.demux(self._source) if packet.size)
        self._next = self._following()

    def until(self, seconds: float) -> Iterator[Packet[AudioStream]]:
        """The next packets whose decoding time is not after a time on the player's clock, in seconds."""
        while self._next is not None and self._next.dts is not None:
            assert self._next.time_base is not None
            if self._next.dts * self._next.time_base > seconds:
                return
            yield self._next
            self._next = self._following()

    def _following(self) -> Packet[AudioStream] | None:
        """The next packet, on the player's clock; None at the end. A packet without a time is left out."""
        for packet in self._packets:
            if packet.dts is None or packet.pts is None or not packet.time_base:
                continue
            shift = round(self._start_seconds / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            assert self._stream is not None
            packet.stream = self._stream
            return packet
        return None


def _clock_start(container: InputContainer, *, starts_late: bool) -> Fraction:
    """Where the player's clock is 0, in seconds on the container's clock."""
    starts = [
        stream.start_time * stream.time_base
        for stream in container.streams
        if stream.start_time is not None and stream.time_base and (stream.type == "audio" or is_real_video(stream))
    ]
    pictures = [
        stream.start_time * stream.time_base
        for stream in container.streams.video
        if stream.start_time is not None and stream.time_base and is_real_video(stream)
    ]
    return min(starts if starts_late or not pictures else pictures, default=Fraction(0))
