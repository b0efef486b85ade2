"""A video file re-encoded small, frame by frame in bounded memory, so that its frames are quick to reach (PyAV).

The copy has the frames of the source, as `VideoReader` numbers and times them: upright, smaller, in H.264 with a
keyframe every few frames. What else it is made of was chosen by measuring how long our reader takes for 8 frames of 10
seconds (benchmarks/bench_prepare.py does so again): three B-frames that nothing refers to between two others, because
the reader skips them, take 10 to 20 % off the time and the size; `fastdecode` (no arithmetic coding, no deblocking)
takes another 30 % off the time and adds 5 to 10 % to the size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from datamodules.timed_frames import index_packets
from datamodules.video_file import OpenVideo, RGBConverter, VideoDecodeError, errors_name

# One tick of the finest clock that a copy has; MP4 counts how long a frame lasts in 32 bits.
_FINEST_CLOCK = Fraction(1, 1_000_000)
# What seconds as floating point numbers are off by, with room to spare.
_ROUNDING_SECONDS = 1e-9
# FFmpeg's number for "RGB, no luma and chroma", which no yuv420p frame can have.
_COLORSPACE_RGB = 0


class TranscodingError(RuntimeError):
    """A video that can be decoded but not re-encoded; its message is the cause."""


def scaled_size(width_px: int, height_px: int, short_side_px: int) -> tuple[int, int]:
    """The size of a copy: never enlarged, even, and otherwise of the same shape.

    Args:
        width_px: Width of the source.
        height_px: Height of the source.
        short_side_px: What the shorter side becomes where it is longer; even.

    Returns:
        Width and height. Sides that need not shrink lose a row where they are odd (one of 1 px becomes 2).
    """
    short = min(width_px, height_px)
    if short <= short_side_px:
        return max(2, width_px // 2 * 2), max(2, height_px // 2 * 2)
    width, height = ((2 * side * short_side_px + 2 * short) // (4 * short) * 2 for side in (width_px, height_px))
    return width, height


def transcode(
    source: Path,
    destination: Path,
    *,
    times_seconds: NDArray[np.float64],
    duration_seconds: float,
    short_side_px: int,
    keyframe_every: int,
    crf: int,
) -> tuple[int, int]:
    """Writes the small copy of a video. The caller removes what is left of the file after an error.

    Args:
        source: The video.
        destination: The .mp4 file to write; its folder must exist.
        times_seconds: [N], when each frame of the source is shown, increasing from 0: `VideoReader.times_seconds`.
        duration_seconds: When the last of them ends.
        short_side_px: See `scaled_size`.
        keyframe_every: Frames from one keyframe to the next, at least 1.
        crf: x264's constant rate factor, 0 (lossless) to 51 (worst).

    Returns:
        Width and height of the copy in pixels.

    Raises:
        VideoDecodeError: The source cannot be decoded, does not have N frames, or its frame size changes.
        TranscodingError: The encoder refuses the frames.
        OSError: The destination cannot be written, because the disk is full or for another reason of its own.
    """
    path = str(source)
    with ExitStack() as stack:
        with errors_name(path, "opening it"):
            has_index = _has_index(path)
            video = OpenVideo(path, 1)
        stack.callback(video.close)
        clock, pts = _ticks(times_seconds, duration_seconds, video.stream)
        scaler = _Scaler(path, short_side_px)
        encoder = _Encoder(destination, clock, _options(keyframe_every, crf))
        stack.callback(encoder.abandon)
        n_frames = 0
        for frame in _decoded(video, path, skip_torn_end=has_index):
            if n_frames < len(times_seconds):
                encoder.write(scaler.scaled(frame), pts[n_frames], pts[n_frames + 1] - pts[n_frames])
            n_frames += 1
        if n_frames != len(times_seconds):
            raise VideoDecodeError(
                f"{path}: the container lists {len(times_seconds)} frames, but {n_frames} can be decoded"
            )
        encoder.finish()
    return encoder.size_px


class _Scaler:
    """Makes decoded frames upright, small and yuv420p."""

    def __init__(self, path: str, short_side_px: int) -> None:
        """Learns the size from the first frame; the path is for the error."""
        self._path = path
        self._short_side_px = short_side_px
        self._reformatter = VideoReformatter()
        self._converter = RGBConverter()
        self._source_size: tuple[int, int] | None = None

    def scaled(self, frame: VideoFrame) -> VideoFrame:
        """The frame as the encoder takes it.

        Raises:
            VideoDecodeError: It has another size than those before.
        """
        if frame.side_data.get("DISPLAYMATRIX") is not None:  # seldom, so it may cost a detour
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(self._converter.rgb(frame)))
        size = (frame.width, frame.height)
        self._source_size = self._source_size or size
        if size != self._source_size:
            before = "x".join(map(str, self._source_size))
            raise VideoDecodeError(
                f"{self._path}: the frame size changes within the video, from {before} px to {size[0]}x{size[1]} px"
            )
        width, height = scaled_size(*size, self._short_side_px)
        # A frame without luma and chroma gets them by the rule that decoders assume where a file names none.
        scaled = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU601 if frame.colorspace == _COLORSPACE_RGB else None,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BICUBIC,
            threads=1,
        )
        # Else the encoder would take over where the source had its keyframes and B-frames.
        scaled.pict_type = PictureType.NONE
        return scaled


class _Encoder:
    """An .mp4 file that is being written. The first frame decides about size and colours."""

    def __init__(self, path: Path, clock: Fraction, options: dict[str, str]) -> None:
        """Opens the file; the clock is one tick of all time stamps in seconds."""
        self.size_px = (0, 0)
        self._path = path
        self._clock = clock
        self._options = options
        self._stream: VideoStream | None = None
        with _write_errors(path):
            # "file:" keeps FFmpeg from taking a name like "a:b.mp4" for a protocol.
            self._container = av.open(
                f"file:{path}",
                mode="w",
                options={"movflags": "faststart"},
                container_options={"fflags": "+bitexact"},
            )

    def write(self, frame: VideoFrame, pts: int, duration: int) -> None:
        """Encodes a frame; its time stamp and duration in ticks."""
        frame.time_base = self._clock
        frame.pts, frame.duration = pts, duration
        with _write_errors(self._path):
            self._stream = self._stream or self._begin(frame)
            self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Writes what the encoder still holds, and the index."""
        with _write_errors(self._path):
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
            self._container.close()

    def abandon(self) -> None:
        """Closes the file as it is, if it is open; whatever goes wrong then is of no interest."""
        with suppress(av.FFmpegError, OSError):
            self._container.close()

    def _begin(self, frame: VideoFrame) -> VideoStream:
        self.size_px = (frame.width, frame.height)
        stream = self._container.add_stream("libx264", options=self._options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        stream.codec_context.colorspace = frame.colorspace
        stream.codec_context.color_range = frame.color_range
        stream.thread_count = 1
        stream.time_base = stream.codec_context.time_base = self._clock
        return stream


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Tells errors of the disk, which concern every file, from those of the encoder, which concern this one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except (av.FFmpegError, ValueError, TypeError, OverflowError) as error:
        raise TranscodingError(f"{getattr(error, 'strerror', None) or error} (while encoding its copy)") from error


def _options(keyframe_every: int, crf: int) -> dict[str, str]:
    """Options of libx264. Without scene cuts, so that a keyframe is never far, and without `mbtree` (see encoding)."""
    x264 = ("b-pyramid=none", "b-adapt=0", "mbtree=0", "scenecut=0")
    return {
        "preset": "veryfast",
        "tune": "fastdecode",
        "crf": str(crf),
        "g": str(keyframe_every),
        "bf": "3",
        "flags": "+frame_duration",  # else the last frame would stay for 1/24 s, whatever it says
        "x264-params": ":".join(x264),
    }


def _has_index(path: str) -> bool:
    """Whether the reader takes frames by the list of packets; in a pass of its own, as raw streams cannot go back."""
    video = OpenVideo(path, 1)
    try:
        return index_packets(video) is not None
    finally:
        video.close()


def _decoded(video: OpenVideo, path: str, *, skip_torn_end: bool) -> Iterator[VideoFrame]:
    """Every frame in the order in which they are shown.

    The reader lists no packet that the end of the file cuts off, but decodes it where it counts frames instead.
    """
    with errors_name(path, "decoding it"):
        for packet, is_last in _with_end(video.packets()):
            if not (skip_torn_end and is_last and packet.is_corrupt):
                yield from video.codec.decode(packet)
        yield from video.codec.decode(None)


def _with_end(packets: Iterable[Packet[VideoStream]]) -> Iterator[tuple[Packet[VideoStream], bool]]:
    """Each packet, and whether it is the last."""
    previous = None
    for packet in packets:
        if previous is not None:
            yield previous, False
        previous = packet
    if previous is not None:
        yield previous, True


def _ticks(
    times_seconds: NDArray[np.float64], duration_seconds: float, stream: VideoStream
) -> tuple[Fraction, list[int]]:
    """A clock by which all times are whole numbers, and these numbers; the end of the last frame is the last of them.

    That is the frame rate where all frames keep to it, else the stream's own clock, else one of microseconds.
    """
    rate = stream.average_rate or stream.guessed_rate
    for clock in (1 / rate if rate else None, stream.time_base):
        if clock and clock >= _FINEST_CLOCK:
            exact = times_seconds / float(clock)
            if np.abs(exact - np.rint(exact)).max() * float(clock) < _ROUNDING_SECONDS:
                break
    else:
        clock = _FINEST_CLOCK
    pts = [round(seconds / float(clock)) for seconds in times_seconds.tolist()]
    return clock, [*pts, max(round(duration_seconds / float(clock)), pts[-1] + 1)]
