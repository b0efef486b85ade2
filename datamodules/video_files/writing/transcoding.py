"""Re-encodes a video to a small file, frame by frame in bounded memory, so that its frames are quick to decode.

The copy has the frames of the source with the indices and times of `VideoReader`: upright, smaller, all of one size
(`frame_fitting`), in H.264 with a keyframe every few frames (`mp4_writing`). The other settings were chosen by
measuring how long our reader takes for 8 frames of 10 seconds (see benchmarks/bench_prepare.py). Three unreferenced
B-frames in a row, which the reader skips, reduce time and size by 10 to 20 %. `fastdecode` (no arithmetic coding, no
deblocking) reduces the time by another 30 % and increases the size by 5 to 10 %.
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
    """A finished copy.

    Attributes:
        width_px: Its width.
        height_px: Its height.
        n_refitted: Number of frames whose size in the source differs from the first one's; see `frame_fitting`.
    """

    width_px: int
    height_px: int
    n_refitted: int


def transcode(
    reader: VideoReader, destination: Path, *, short_side_px: int, keyframe_every: int, crf: int
) -> Transcoded:
    """Writes the small copy of a video. After an error, the caller removes the partial file.

    Args:
        reader: The video; its `on_damage` applies.
        destination: The .mp4 file to write; its folder must exist.
        short_side_px: See `scaled_size`.
        keyframe_every: Frames from one keyframe to the next, at least 1.
        crf: x264's constant rate factor, 0 (lossless) to 51 (worst).

    Returns:
        A description of the copy.

    Raises:
        VideoDecodeError: A frame of the source cannot be decoded.
        TranscodingError: The encoder rejects the frames, or they are too far apart.
        OSError: The destination cannot be written, for example because the disk is full.
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
    """Options of libx264: no scene cuts, which would move keyframes, and no `mbtree` (see `encoding`)."""
    x264 = ("b-pyramid=none", "b-adapt=0", "mbtree=0", "scenecut=0")
    return {
        "preset": "veryfast",
        "tune": "fastdecode",
        "crf": str(crf),
        "g": str(keyframe_every),
        "bf": "3",
        "flags": "+frame_duration",  # otherwise the last frame would be shown for 1/24 s regardless of its duration
        "x264-params": ":".join(x264),
    }
