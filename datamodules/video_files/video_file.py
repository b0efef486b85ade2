"""An open video file: its video stream, its frames as upright RGB, and errors that name the file (PyAV)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import av
import numpy as np
from av.buffer import Buffer
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from zsar.datamodules.video_files.decode_limits import MOST_FRAMES, MOST_PIXELS, too_large
from zsar.datamodules.video_files.main_stream import main_stream
from zsar.datamodules.video_files.mp4_claims import check_claims
from zsar.datamodules.video_files.openable_files import OPEN_OPTIONS, names_other_files
from zsar.datamodules.video_files.stream_decoder import StreamDecoder
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.shards.stored_videos import content_to_decode

__all__ = [
    "OpenVideo",
    "RGBConverter",
    "VideoDecodeError",
    "errors_name",
    "frame_seconds",
    "seconds_from",
    "tick_seconds",
]

# Codecs whose decoders do not flag all concealed damage unless they are set to fail on it.
_CONCEALS_SILENTLY = {"mjpeg", "mpeg1video", "mpeg2video"}


@contextmanager
def errors_name(path: str, step: str) -> Iterator[None]:
    """Turns any error from PyAV into a `VideoDecodeError` that names the file, the step and the cause."""
    try:
        yield
    except VideoDecodeError:
        raise
    except Exception as error:  # PyAV raises IndexError, RuntimeError, OverflowError, AttributeError and more
        cause = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoDecodeError(f"{path}: {cause} (while {step})") from error


class OpenVideo:
    """An open container, the video stream that players show, and the settings of its decoder."""

    def __init__(self, path: str, threads: int, *, conceal: bool = False) -> None:
        """Opens the file.

        Args:
            path: The file.
            threads: Decoder threads; 0 leaves the number to FFmpeg.
            conceal: Whether decoders that can either fail on damage or conceal it silently return such frames.

        Raises:
            VideoDecodeError: It is not a file, is empty, or has no video that this build of FFmpeg can decode.
            av.FFmpegError: FFmpeg cannot open it.
        """
        self.container = _open(path)
        try:
            self.stream = main_stream(self.container, path, lambda: _video_packets(path))
            self.codec = self.stream.codec_context
            check_size(path, self.codec.width, self.codec.height)
        except BaseException:
            self.container.close()
            raise
        self.path = path
        options = {"max_pixels": str(MOST_PIXELS)}
        self.fails_or_conceals = self.codec.codec.canonical_name in _CONCEALS_SILENTLY
        if self.fails_or_conceals and not conceal:
            options["err_detect"] = "explode"
        self.codec.options = options
        self.codec.thread_count = threads
        self.codec.thread_type = "SLICE" if threads == 1 else "AUTO"
        self._decoder = StreamDecoder(self.codec)

    def decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        """The frames that the decoder returns for the next packet; None flushes the decoder.

        Raises:
            av.FFmpegError: The decoder fails.
        """
        return self._decoder.decode(packet)

    def hold_frames(self) -> None:
        """Makes pixels that damage leaves unwritten independent of other references to frames (`stream_decoder`)."""
        self._decoder.hold_frames()

    def seek(self, ticks: int) -> None:
        """Seeks to a packet from which the one at a given time can be reached.

        Args:
            ticks: The time, in ticks of the stream.

        Raises:
            av.FFmpegError: The container cannot seek.
        """
        self.container.seek(ticks, stream=self.stream)
        self._decoder.forget()

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """The stream's packets from the current position, without empty ones, which would end the decoder."""
        n_packets = 0
        for packet in self.container.demux(self.stream):
            if packet.size:
                n_packets += 1
                if n_packets > MOST_FRAMES:
                    raise VideoDecodeError(f"{self.path}: more than {MOST_FRAMES} frames, the limit; cut it into parts")
                yield packet

    def close(self) -> None:
        """Closes the file and frees the decoder."""
        self._decoder.forget()
        self.container.close()


class RGBConverter:
    """Converts frames to upright RGB. Reuse it for many frames, since setting one up costs more than a conversion."""

    def __init__(self) -> None:
        """Sets up nothing yet: that depends on the first frame."""
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """The frame as uint8 [H, W, 3], upright."""
        # One thread: more would compete with other workers, and are slower for frames of this size.
        if problem := too_large(frame.width, frame.height):
            raise ValueError(problem)
        rgb = self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray().astype(np.uint8, copy=False)
        return _upright(rgb, frame)


def frame_seconds(stream: VideoStream) -> float:
    """How long a frame is shown, in seconds, by the container's frame rate.

    Raises:
        ValueError: The container has none.
    """
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        raise ValueError("it has no frame rate")
    return float(1 / rate)


def tick_seconds(stream: VideoStream) -> float:
    """One tick of the clock of the stream's time stamps, in seconds; 0 if unknown."""
    return float(stream.time_base or 0)


def seconds_from(start_seconds: float, pts: Sequence[int], stream: VideoStream) -> NDArray[np.float64]:
    """Time stamps as seconds on the player's clock.

    Args:
        start_seconds: Time of the first one on that clock.
        pts: n > 0 time stamps in ticks of the stream.
        stream: The stream.

    Returns:
        float64 [n].
    """
    ticks = np.asarray(pts, dtype=np.int64)
    return np.asarray((ticks - ticks[0]) * tick_seconds(stream) + start_seconds, dtype=np.float64)


def check_size(path: str, width_px: int, height_px: int) -> None:
    """Checks the size of a picture before it is decoded or converted.

    Args:
        path: The file, for the error.
        width_px: Its width.
        height_px: Its height.

    Raises:
        VideoDecodeError: It is larger than the limit.
    """
    if problem := too_large(width_px, height_px):
        raise VideoDecodeError(f"{path}: {problem}")


def _open(path: str) -> InputContainer:
    """Opens this file and no other; one of a shard is decoded from its bytes.

    Raises:
        VideoDecodeError: It is missing, not a regular file, empty, or of a format that names other files.
        av.FFmpegError: FFmpeg cannot open it.
    """
    content = content_to_decode(path)
    check_claims(path, content)
    try:
        # "file:" keeps FFmpeg from parsing "a:b.mp4" as a protocol. Titles in unknown encodings are harmless.
        file = f"file:{path}" if content is None else content
        return av.open(file, mode="r", metadata_errors="replace", options=OPEN_OPTIONS)
    except (av.ArgumentError, av.InvalidDataError) as error:
        if names_other_files(path, content):
            problem = "it is a playlist or script that names other files; only the file itself is read: give the video"
        elif isinstance(error, av.ArgumentError):  # what FFmpeg raises if a format is not on the list
            problem = "its format is not supported, since it may name other files; convert it to MP4 or Matroska"
        else:
            raise
        raise VideoDecodeError(f"{path}: {problem}") from None


def _video_packets(path: str) -> Counter[int]:
    """Stream index -> number of packets, for video streams; reopens the file, since raw streams cannot seek."""
    with _open(path) as container:
        return Counter(packet.stream_index for packet in container.demux(container.streams.video) if packet.size)


def _upright(rgb: NDArray[np.uint8], frame: VideoFrame) -> NDArray[np.uint8]:
    """Applies the frame's display matrix if it maps pixels onto pixels.

    The matrix (a, b, u; c, d, v; ...) maps the pixel (x, y) to (a x + c y, b x + d y), up to a shift.
    """
    # Not `frame.side_data`: frame and side data would refer to each other, so that only the garbage collector would
    # free them. It counts objects, not bytes, and would leave hundreds of megabytes allocated.
    matrix = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg] # PyAV's stub has no __init__
    if not isinstance(matrix, Buffer):
        return rgb
    a, b, _, c, d = np.frombuffer(memoryview(matrix), dtype=np.int32)[:5].tolist()
    if a == d == 0 and b and c:
        rgb, x_sign, y_sign = rgb.transpose(1, 0, 2), c, b
    elif b == c == 0 and a and d:
        x_sign, y_sign = a, d
    else:
        return rgb
    return rgb[:: -1 if y_sign < 0 else 1, :: -1 if x_sign < 0 else 1]
