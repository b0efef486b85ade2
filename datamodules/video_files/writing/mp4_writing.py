"""The .mp4 file of a copy: its clock, and its encoder (PyAV).

A small copy has no sound. If the source's picture starts after its sound, it gets an eighth of a second of silence at
0: players and our reader count time from the start of the first stream, and without sound they would show the first
frame at 0. An edit list is not enough, and a prolonged first frame would be visible when the source shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from zsar.datamodules.video_files.writing.copied_sound import CopiedSound

# One tick, in seconds, of the finest clock of a copy.
FINEST_CLOCK = Fraction(1, 1_000_000)
# Maximum duration of a frame in ticks: the format counts them in 32 bits.
MOST_TICKS = 2**31 - 1
# FFmpeg doubles the ticks of a clock until a second has at least this many.
_LEAST_TICKS_PER_SECOND = 10_000
# Upper bound of rounding errors of seconds in floating point.
_ROUNDING_SECONDS = 1e-9
_SILENCE_RATE, _SILENCE_SAMPLES = 8000, 1024
# Number of frames by which decoding order and display order may differ.
_REORDERING = 3


class TranscodingError(RuntimeError):
    """A video that can be decoded but not re-encoded; the message is the cause."""


def whole_ticks(
    times_seconds: NDArray[np.float64], duration_seconds: float, clocks: Sequence[Fraction | None]
) -> tuple[Fraction, list[int]]:
    """A clock on which all times are integers, and these integers.

    It is the first of the source's clocks that fits all frames, else one of microseconds.

    Args:
        times_seconds: [N], when each frame is shown, increasing.
        duration_seconds: When the last of them ends.
        clocks: Tick of each clock of the source, in seconds: `VideoReader.clocks`.

    Returns:
        One tick in seconds, and the N times and the end of the last frame in ticks.

    Raises:
        TranscodingError: Frames are further apart than the format can express.
    """
    rounding = max(_ROUNDING_SECONDS, 2 * float(np.spacing(times_seconds[-1])))
    for clock in clocks:
        if clock and clock >= FINEST_CLOCK:
            exact = times_seconds / float(clock)
            if np.abs(exact - np.rint(exact)).max() * float(clock) < rounding:
                break
    else:
        clock = FINEST_CLOCK
    pts = [round(seconds / float(clock)) for seconds in times_seconds.tolist()]
    pts.append(max(round(duration_seconds / float(clock)), pts[-1] + 1))
    _check_gaps(clock, pts)
    return clock, pts


def _check_gaps(clock: Fraction, pts: list[int]) -> None:
    per_tick = clock.numerator * ticks_per_second(clock) // clock.denominator
    together = max(b - a for a, b in zip(pts, pts[_REORDERING:] or pts[-1:], strict=False))
    if together * per_tick > MOST_TICKS:
        gaps = [b - a for a, b in pairwise(pts)]
        longest = max(gaps)
        raise TranscodingError(
            f"frame {gaps.index(longest)} is shown for {float(longest * clock):g} s, but in an .mp4 file with the "
            f"clock of this video {_REORDERING} frames can be shown for {MOST_TICKS / ticks_per_second(clock):g} s; "
            "the time stamp after it may be damaged: cut the video there, or leave it out"
        )


def ticks_per_second(clock: Fraction) -> int:
    """Ticks per second of an .mp4 file, such that a tick of the clock is a whole number of them."""
    ticks = clock.denominator
    while ticks < _LEAST_TICKS_PER_SECOND:
        ticks *= 2
    return ticks


class Mp4Writer:
    """An .mp4 file being written. The first frame determines size and colours.

    Attributes:
        pixel_aspect: Width of a pixel divided by its height; set before the first frame.
    """

    def __init__(
        self,
        path: Path,
        clock: Fraction,
        options: dict[str, str],
        *,
        starts_late: bool,
        sound: CopiedSound | None = None,
        threads: int = 1,
    ) -> None:
        """Opens the file.

        Args:
            path: The file.
            clock: Tick of all time stamps, in seconds.
            options: Options of libx264.
            starts_late: Whether the first frame is shown later than at 0, so that the file needs sound from 0 on.
            sound: Sound to copy; without it, a file that starts late gets silence.
            threads: Threads that encode; 0 for one and a half for each processor, as libx264 chooses.

        Raises:
            OSError: The file cannot be written.
            TranscodingError: FFmpeg rejects the settings.
        """
        self.pixel_aspect = Fraction(1)
        self._path = path
        self._clock = clock
        self._options = options
        self._needs_silence = starts_late and sound is None
        self._sound = sound
        self._threads = threads
        self._stream: VideoStream | None = None
        muxing = {"movflags": "faststart"}
        if starts_late:  # otherwise the file would round the start to milliseconds
            muxing["movie_timescale"] = str(ticks_per_second(clock))
        with _write_errors(path):
            # "file:" keeps FFmpeg from parsing a name like "a:b.mp4" as a protocol.
            # not whole: the caller gives the path of an unfinished file (`preparing`)
            self._container = av.open(
                f"file:{path}", mode="w", options=muxing, container_options={"fflags": "+bitexact"}
            )

    def write(self, frame: VideoFrame, pts: int, duration: int) -> None:
        """Encodes a frame; time stamp and duration are in ticks."""
        frame.time_base = self._clock
        frame.pts, frame.duration = pts, duration
        with _write_errors(self._path):
            self._stream = self._stream or self._begin(frame)
            self._copy_sound(float(pts * self._clock))
            self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Writes the frames still in the encoder, and the index."""
        with _write_errors(self._path):
            if self._stream is not None:
                self._container.mux(self._stream.encode(None))
                self._copy_sound(float("inf"))
            self._container.close()

    def abandon(self) -> None:
        """Closes the file as it is, if it is open, and ignores errors."""
        with suppress(av.FFmpegError, OSError):
            self._container.close()

    def _begin(self, frame: VideoFrame) -> VideoStream:
        stream = self._container.add_stream("libx264", options=self._options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        if self.pixel_aspect != 1:
            stream.codec_context.sample_aspect_ratio = self.pixel_aspect
        stream.codec_context.colorspace = frame.colorspace
        stream.codec_context.color_range = frame.color_range
        stream.thread_count = self._threads
        stream.time_base = stream.codec_context.time_base = self._clock
        if self._sound is not None:
            self._sound.begin(self._container)
        elif self._needs_silence:
            self._write_silence()
        return stream

    def _copy_sound(self, until_seconds: float) -> None:
        for packet in self._sound.until(until_seconds) if self._sound is not None else ():
            self._container.mux(packet)

    def _write_silence(self) -> None:
        sound = self._container.add_stream("aac", rate=_SILENCE_RATE, layout="mono")
        assert isinstance(sound, AudioStream)
        silence = AudioFrame.from_ndarray(np.zeros((1, _SILENCE_SAMPLES), np.float32), format="fltp", layout="mono")
        silence.sample_rate, silence.time_base, silence.pts = _SILENCE_RATE, Fraction(1, _SILENCE_RATE), 0
        self._container.mux([*sound.encode(silence), *sound.encode(None)])


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Separates errors of the disk, which affect every file, from those of the encoder, which affect this file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except (av.FFmpegError, ValueError, TypeError, OverflowError) as error:
        raise TranscodingError(f"{getattr(error, 'strerror', None) or error} (while encoding its copy)") from error
