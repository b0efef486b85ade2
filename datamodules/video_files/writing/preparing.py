"""One video of a small copy of a data set that is quick to decode: re-encoded, and checked frame by frame.

The plan of the copy is in `copy_plan`, its journal in `preparing_journal`, encoding in `transcoding`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.video_files.writing.preparing_settings import PreparingSettings
from zsar.datamodules.video_files.writing.transcoding import TranscodingError, transcode
from zsar.runtime.files.whole_files import whole_file

# Frames held in memory while a copy is checked.
_CHECKED_TOGETHER = 64
# Times are whole ticks of the copy's clock, 1 microsecond at the finest.
TIME_TOLERANCE_SECONDS = 1e-6


@dataclass(frozen=True)
class PreparedVideo:
    """A finished copy and its source.

    Attributes:
        source_bytes: Size of the source.
        source_mtime_ns: Modification time of the source.
        n_bytes: Size of the copy.
        n_frames: Number of frames.
        width_px: Their width.
        height_px: Their height.
        n_refitted: Number of frames whose size in the source differs from the first frame's; they were resized to fit.
        start_seconds: When the first frame is shown, in seconds on the player's clock; None for copies by a zsar that
            made all copies begin at 0.
        n_damaged: Number of damaged frames that were accepted.
    """

    source_bytes: int
    source_mtime_ns: int
    n_bytes: int
    n_frames: int
    width_px: int
    height_px: int
    n_refitted: int = 0
    start_seconds: float | None = None
    n_damaged: int = 0


def prepare_video(
    source: Path, destination: Path, settings: PreparingSettings, *, on_damage: OnDamage = "raise"
) -> PreparedVideo:
    """Re-encodes one video, verifies the copy, and only then gives it its name.

    Args:
        source: The video.
        destination: The .mp4 file to write; its folder is created, an existing file replaced.
        settings: How to encode.
        on_damage: What to do with damaged frames of the source; see `VideoReader`.

    Returns:
        A description of the copy.

    Raises:
        VideoDecodeError: The source cannot be decoded.
        TranscodingError: It cannot be encoded, or the copy does not have the frames of the source.
        OSError: The destination cannot be written.
    """
    status = source.stat()
    try:
        with VideoReader(source, on_damage=on_damage) as reader, whole_file(destination) as unfinished:
            times = reader.times_seconds
            made = transcode(reader, unfinished, **asdict(settings))
            _check(unfinished, times, (made.height_px, made.width_px))
            n_bytes, n_damaged = unfinished.stat().st_size, reader.n_damaged
    except TranscodingError as error:
        raise TranscodingError(f"{source}: {error}") from error
    return PreparedVideo(
        source_bytes=status.st_size,
        source_mtime_ns=status.st_mtime_ns,
        n_bytes=n_bytes,
        n_frames=len(times),
        width_px=made.width_px,
        height_px=made.height_px,
        n_refitted=made.n_refitted,
        start_seconds=float(times[0]),
        n_damaged=n_damaged,
    )


def _check(path: Path, times_seconds: NDArray[np.float64], size_px: tuple[int, int]) -> None:
    """Decodes every frame of a copy.

    Raises:
        TranscodingError: Decoding fails, frames are missing, or their sizes or times differ.
    """
    try:
        with VideoReader(path) as reader:
            if reader.n_frames != len(times_seconds):
                raise TranscodingError(f"its copy has {reader.n_frames} frames instead of {len(times_seconds)}")
            if np.abs(reader.times_seconds - times_seconds).max() > TIME_TOLERANCE_SECONDS:
                raise TranscodingError("the frames of its copy are shown at different times")
            for start in range(0, reader.n_frames, _CHECKED_TOGETHER):
                images = reader.images_at_indices(range(start, min(start + _CHECKED_TOGETHER, reader.n_frames)))
                if images.shape[1:3] != size_px:
                    raise TranscodingError(f"its copy has {list(images.shape[1:3])} px instead of {list(size_px)}")
    except VideoDecodeError as error:
        raise TranscodingError(f"its copy cannot be read: {error}") from error
