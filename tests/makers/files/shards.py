"""Videos packed into shards."""

from __future__ import annotations

from pathlib import Path

from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES
from zsar.datamodules.video_files.writing.shard_packing import ShardPacker


def pack(folder: Path, n_shards: int = 2) -> list[str]:
    """Packs the videos of a folder, which are no longer files afterwards.

    Returns:
        Their paths within it, sorted.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES]
    names = sorted(path.relative_to(folder).as_posix() for path in files)
    ShardPacker(folder, n_shards).begin(names, ())
    assert not any(path.exists() for path in files)
    return names
