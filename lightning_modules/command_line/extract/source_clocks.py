"""Whether the times of a stored file are on the player's clock: files of features and of captions.

Before zsar wrote `start_seconds` into such files, their times counted from the video's first frame. That is the same
unless something else of the video, its sound for one, starts before its picture; only the video can tell.
"""

from __future__ import annotations

from pathlib import Path

from zsar.datamodules.video_files.decoding import VideoDecodeError, VideoReader
from zsar.lightning_modules.localization.stored.source_videos import VideoSource

# Below what tells two frames apart.
_LATE_SECONDS = 1e-3


def older_clock(source: VideoSource, video: Path) -> str | None:
    """Says that the times of a file count from a first frame that is shown later than at 0.

    Args:
        source: What the file was made of.
        video: The video.

    Returns:
        That, in words; None where the times are right, or the video cannot be read, which others say.
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
