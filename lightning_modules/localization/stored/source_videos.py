"""Whether the video at hand is the one that a stored file was made of: files of frame features and of captions."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from zsar.runtime.files.file_identity import quick_hash


class VideoSource(Protocol):
    """A dataclass that says which video a file was made of."""

    @property
    def source_bytes(self) -> int:
        """The size of the video."""
        ...

    @property
    def source_hash(self) -> str:
        """`quick_hash` of the video; empty in files of before zsar wrote it, of which the size alone is compared."""
        ...

    @property
    def n_damaged(self) -> int:
        """How many of its frames are damaged and were accepted; 0 in files of before zsar wrote it."""
        ...

    @property
    def start_seconds(self) -> float | None:
        """When its first frame is shown; None in files of before zsar wrote it, whose times count from that frame."""
        ...


def replaced_video(source: VideoSource, video: Path) -> str | None:
    """Says that a video was replaced under its old name.

    Args:
        source: What a file was made of.
        video: The video at hand.

    Returns:
        What differs, in words; None where nothing does, as far as the file says.
    """
    size = video.stat().st_size
    if size != source.source_bytes:
        return f"{video} is another video than it was made of ({size:,} bytes, not {source.source_bytes:,})"
    if source.source_hash and quick_hash(video) != source.source_hash:
        return f"{video} is another video than it was made of (of the same size, with other contents)"
    return None
