"""The .mp4 file of a small copy: its clock, and its encoder (PyAV).

A copy has no sound of its own. Where the source's picture starts after its sound, the copy gets an eighth of a second
of silence at 0: a player, and our reader, count time from the start of the first stream, and of a picture alone they
would show the first frame at 0. An edit list alone would not do, nor would a first frame that is held: it would be
there when the source shows nothing.
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

# One tick of the finest clock that a copy has.
FINEST_CLOCK = Fraction(1, 1_000_000)
# Ticks that a frame may be shown for: the format counts them in 32 bits.
MOST_TICKS = 2**31 - 1
# FFmpeg doubles the ticks of a clock until a second has as many.
_LEAST_TICKS_PER_SECOND = 10_000
# What seconds as floating point numbers are off by, with room to spare.
_ROUNDING_SECONDS = 1e-9
_SILENCE_RATE, _SILENCE_SAMPLES = 8000, 1024
# Frames by which decoding order may differ from the order in which frames are shown.
_REORDERING = 3


class TranscodingError(RuntimeError):
    """A video that can be decoded but not re-encoded; its message is the cause."""


def whole_ticks(
    times_seconds: NDArray[np.float64], duration_seconds: float, clocks: Sequence[Fraction | None]
) -> tuple[Fraction, list[int]]:
    """A clock by which all times are whole numbers, and these numbers.

    That is the first of the source's own clocks which all frames keep to, else one of microseconds.

    Args:
        times_seconds: [N], when each frame is shown, increasing.
        duration_seconds: When the last of them ends.
        clocks: One tick of each clock of the source, in seconds: `VideoReader.clocks`.

    Returns:
        One tick in seconds, and the N times and the end of the last frame in ticks.

    Raises:
        TranscodingError: Frames are further apart than the format can say.
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
    """How many ticks a second of an .mp4 file has, so that each of the clock is a whole number of them."""
    ticks = clock.denominator
    while ticks < _LEAST_TICKS_PER_SECOND:
        ticks *= 2
    return ticks


class Mp4Writer:
    """An .mp4 file that is being written. The first frame decides about size and colours."""

    def __init__(self, path: Path, clock: Fraction, options: dict[str, str], *, starts_late: bool) -> None:
        """Opens the file.

        Args:
            path: The file.
            clock: One tick of all time stamps in seconds.
            options: Of libx264.
            starts_late: Whether the first frame is shown later than at 0, so that the file needs silence.

        Raises:
            OSError: It cannot be written.
            TranscodingError: FFmpeg refuses it.
        """
        self._path = path
        self._clock = clock
        self._options = options
        self._starts_late = starts_late
        self._stream: VideoStream | None = None
        muxing = {"movflags": "faststart"}
        if starts_late:  # else the file would round the start to milliseconds
            muxing["movie_timescale"] = str(ticks_per_second(clock))
        with _write_errors(path):
            # "file:" keeps FFmpeg from taking a name like "a:b.mp4" for a protocol.
            # not whole: the caller gives the path of an unfinished file (`preparing`)
            self._container = av.open(
                f"file:{path}", mode="w", options=muxing, container_options={"fflags": "+bitexact"}
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
        stream = self._container.add_stream("libx264", options=self._options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        stream.codec_context.colorspace = frame.colorspace
        stream.codec_context.color_range = frame.color_range
        stream.thread_count = 1
        stream.time_base = stream.codec_context.time_base = self._clock
        if self._starts_late:
            self._write_silence()
        return stream

    def _write_silence(self) -> None:
        sound = self._container.add_stream("aac", rate=_SILENCE_RATE, layout="mono")
        assert isinstance(sound, AudioStream)
        silence = AudioFrame.from_ndarray(np.zeros((1, _SILENCE_SAMPLES), np.float32), format="fltp", layout="mono")
        silence.sample_rate, silence.time_base, silence.pts = _SILENCE_RATE, Fraction(1, _SILENCE_RATE), 0
        self._container.mux([*sound.encode(silence), *sound.encode(None)])


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    """Tells errors of the disk, which concern every file, from those of the encoder, which concern this one."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    except (av.FFmpegError, ValueError, TypeError, OverflowError) as error:
        raise TranscodingError(f"{getattr(error, 'strerror', None) or error} (while encoding its copy)") from error
