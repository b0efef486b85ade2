"""A video file re-encoded small, frame by frame in bounded memory, so that its frames are quick to reach.

The copy has the frames of the source, as `VideoReader` numbers and times them on the player's clock: upright, smaller,
all of one size (`frame_fitting`), in H.264 with a keyframe every few frames (`mp4_writing`). What else it is made of
was chosen by measuring how long our reader takes for 8 frames of 10 seconds (benchmarks/bench_prepare.py does so
again): three B-frames that nothing refers to between two others, because the reader skips them, take 10 to 20 % off the
time and the size; `fastdecode` (no arithmetic coding, no deblocking) takes another 30 % off the time and adds 5 to 10 %
to the size.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.writing.frame_fitting import FrameFitter
from zsar.datamodules.video_files.writing.mp4_writing import Mp4Writer, TranscodingError, whole_ticks

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
    reader: VideoReader, destination: Path, *, short_side_px: int, keyframe_every: int, crf: int
) -> Transcoded:
    """Writes the small copy of a video. The caller removes what is left of the file after an error.

    Args:
        reader: The video; what it does with damaged frames is done here.
        destination: The .mp4 file to write; its folder must exist.
        short_side_px: See `scaled_size`.
        keyframe_every: Frames from one keyframe to the next, at least 1.
        crf: x264's constant rate factor, 0 (lossless) to 51 (worst).

    Returns:
        What was written.

    Raises:
        VideoDecodeError: A frame of the source cannot be decoded.
        TranscodingError: The encoder refuses the frames, or they are too far apart.
        OSError: The destination cannot be written, because the disk is full or for another reason of its own.
    """
    clock, pts = whole_ticks(reader.times_seconds, reader.duration_seconds, reader.clocks)
    fitter = FrameFitter(short_side_px)
    with ExitStack() as stack:
        encoder = Mp4Writer(destination, clock, _options(keyframe_every, crf), starts_late=pts[0] > 0)
        stack.callback(encoder.abandon)
        for i, frame in enumerate(reader.decoded_frames()):
            encoder.write(fitter.fitted(frame), pts[i], pts[i + 1] - pts[i])
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
