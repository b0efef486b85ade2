"""A video file re-encoded small, frame by frame in bounded memory, so that its frames are quick to reach (PyAV).

The copy has the frames of the source, as `VideoReader` numbers and times them on the player's clock: upright, smaller,
all of one size (`frame_fitting`), in H.264 with a keyframe every few frames (`mp4_writing`). What else it is made of
was chosen by measuring how long our reader takes for 8 frames of 10 seconds (benchmarks/bench_prepare.py does so
again): three B-frames that nothing refers to between two others, because the reader skips them, take 10 to 20 % off the
time and the size; `fastdecode` (no arithmetic coding, no deblocking) takes another 30 % off the time and adds 5 to 10 %
to the size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from datamodules.frame_fitting import FrameFitter
from datamodules.mp4_writing import Mp4Writer, TranscodingError, whole_ticks
from datamodules.timed_frames import index_packets
from datamodules.video_file import OpenVideo, VideoDecodeError, errors_name

__all__ = ["Transcoded", "TranscodingError", "transcode"]


@dataclass(frozen=True)
class Transcoded:
    """What a copy is.

    Attributes:
        width_px: Its width.
        height_px: Its height.
        n_refitted: How many of its frames have another size than the first in the source; see `frame_fitting`.
    """

    width_px: int
    height_px: int
    n_refitted: int


def transcode(
    source: Path,
    destination: Path,
    *,
    times_seconds: NDArray[np.float64],
    duration_seconds: float,
    short_side_px: int,
    keyframe_every: int,
    crf: int,
) -> Transcoded:
    """Writes the small copy of a video. The caller removes what is left of the file after an error.

    Args:
        source: The video.
        destination: The .mp4 file to write; its folder must exist.
        times_seconds: [N], when each frame of the source is shown, increasing: `VideoReader.times_seconds`.
        duration_seconds: When the last of them ends.
        short_side_px: See `scaled_size`.
        keyframe_every: Frames from one keyframe to the next, at least 1.
        crf: x264's constant rate factor, 0 (lossless) to 51 (worst).

    Returns:
        What was written.

    Raises:
        VideoDecodeError: The source cannot be decoded, or does not have N frames.
        TranscodingError: The encoder refuses the frames, or they are too far apart.
        OSError: The destination cannot be written, because the disk is full or for another reason of its own.
    """
    path = str(source)
    with ExitStack() as stack:
        with errors_name(path, "opening it"):
            has_index = _has_index(path)
            video = OpenVideo(path, 1)
        stack.callback(video.close)
        clock, pts = whole_ticks(times_seconds, duration_seconds, video.stream)
        fitter = FrameFitter(short_side_px)
        encoder = Mp4Writer(destination, clock, _options(keyframe_every, crf), starts_late=pts[0] > 0)
        stack.callback(encoder.abandon)
        n_frames = 0
        for frame in _decoded(video, path, skip_torn_end=has_index):
            if n_frames < len(times_seconds):
                encoder.write(fitter.fitted(frame), pts[n_frames], pts[n_frames + 1] - pts[n_frames])
            n_frames += 1
        if n_frames != len(times_seconds):
            raise VideoDecodeError(
                f"{path}: the container lists {len(times_seconds)} frames, but {n_frames} can be decoded"
            )
        encoder.finish()
    return Transcoded(*fitter.size_px, fitter.n_refitted)


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
