"""Which frames of an open video belong to a record, and how many there are in a second."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.video_files.decoding.video_reader import VideoReader
from zsar.datamodules.video_files.frame_chunks import FrameSource
from zsar.datamodules.video_files.video_file import VideoDecodeError


def frames_of(reader: FrameSource, record: VideoRecord) -> tuple[int, int]:
    """Which frames of a file belong to a record.

    Args:
        reader: The open file, or the frames of a whole video.
        record: The video, or a segment of one.

    Returns:
        Index of the first frame and number of frames: those shown in [start, end) of the segment, at least one.

    Raises:
        VideoDecodeError: The segment begins after the end of the video.
    """
    if record.segment_seconds is None:
        return 0, reader.n_frames
    assert isinstance(reader, VideoReader)  # segments are in seconds of a file
    start, end = record.segment_seconds
    times = reader.times_seconds
    if start > reader.duration_seconds:
        raise VideoDecodeError(
            f"{record.path}: the stretch from {start:g} to {end:g} s begins after the video's end at "
            f"{reader.duration_seconds:g} s"
        )
    first = min(int(np.searchsorted(times, start, side="left")), len(times) - 1)
    stop = int(np.searchsorted(times, end, side="left"))
    return first, max(1, stop - first)


def frame_rate_of(reader: FrameSource, record: VideoRecord) -> Fraction:
    """Frames a second, by the container.

    Args:
        reader: The open file.
        record: The video, for the message.

    Raises:
        VideoDecodeError: The container does not say it.
    """
    period = reader.clocks[0] if isinstance(reader, VideoReader) else None
    if not period:
        raise VideoDecodeError(
            f"{record.path}: its frame rate is unknown, but frames are taken at fixed distances in time "
            "(clips.sampling); run zsar prepare on it, or take the sampling t2l"
        )
    return 1 / period
