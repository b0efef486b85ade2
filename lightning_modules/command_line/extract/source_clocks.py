"""Checks whether the times in a stored file of features or captions are on the player's clock.

Before zsar stored `start_seconds` in such files, times counted from the video's first frame. The two agree unless
another stream, such as sound, starts before the picture; only the video can tell.
"""

from __future__ import annotations

from pathlib import Path

from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.lightning_modules.localization.stored.source_videos import VideoSource

# Shorter than the interval between two frames.
_LATE_SECONDS = 1e-3


def older_clock(source: VideoSource, video: Path) -> str | None:
    """Reports that the times of a file count from a first frame that is shown after 0 s.

    Args:
        source: The source recorded in the file.
        video: The video.

    Returns:
        The reason in words; None if the times are right, or if the video cannot be read, which is reported elsewhere.
    """
    if source.start_seconds is not None:
        return None
    try:
        with VideoReader(video) as reader:
            start = reader.start_seconds
    except VideoDecodeError:
        return None
    if start < _LATE_SECONDS:
        return None
    return f"its times count from the first frame of {video}, which is shown at {start:.3f} s"
