"""Checks whether a video is the one that a stored feature or caption file was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from zsar.runtime.files.file_identity import quick_hash
from zsar.runtime.shards.stored_videos import stored_size


class VideoSource(Protocol):
    """A dataclass that describes the video of a stored file."""

    @property
    def source_bytes(self) -> int:
        """The size of the video in bytes."""
        ...

    @property
    def source_hash(self) -> str:
        """`quick_hash` of the video."""
        ...

    @property
    def n_damaged(self) -> int:
        """Number of damaged frames that were accepted."""
        ...


def replaced_video(source: VideoSource, video: Path) -> str | None:
    """Checks whether a video was replaced under the same name.

    Args:
        source: The source of a file.
        video: The current video.

    Returns:
        The difference in words; None if there is none.
    """
    size = stored_size(video)
    if size != source.source_bytes:
        return f"{video} is not the video that it was made from ({size:,} bytes, not {source.source_bytes:,})"
    if quick_hash(video) != source.source_hash:
        return f"{video} is not the video that it was made from (same size, other content)"
    return None
