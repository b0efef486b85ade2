"""The plan of a small copy of a data set: its videos, and all other files unchanged.

The copy has the folders and names of the original, so that it can serve as a data root: videos as .mp4 (see
`writing.transcoding`), lists and other files unchanged, hidden files left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.lists.video_index import VIDEO_SUFFIXES, holds_files
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.shards.shard_folders import ADDRESS_FILE
from zsar.runtime.shards.shard_index import INDEX_FILE

FAILED_VIDEOS = "failed_videos.csv"


@dataclass(frozen=True)
class Plan:
    """The contents of a copy; paths relative to the two folders, with forward slashes.

    Attributes:
        videos: Path of each video in the original, and in the copy.
        others: Paths of all other files.
    """

    videos: list[tuple[str, str]]
    others: list[str]


def plan_copy(source: Path, destination: Path) -> Plan:
    """Lists what a copy will contain; changes nothing.

    Args:
        source: The folder of the original. Links to folders in it are followed.
        destination: The folder of the copy, which need not exist.

    Returns:
        The plan, in sorted order.

    Raises:
        FileNotFoundError: There is no such folder, or it contains no videos.
        ValueError: The copy would lie in the original, two videos would become one file, or the original is in shards.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"there is no folder {source}; give the folder that holds the data set")
    if destination.resolve().is_relative_to(source.resolve()):
        raise ValueError(f"{destination} lies within {source}; give a DESTINATION outside of it")
    plan = Plan([], [])
    original_of: dict[str, str] = {}
    for path in _walk(source):
        stem, suffix = os.path.splitext(path)
        if path.rpartition("/")[2] in (INDEX_FILE, ADDRESS_FILE):
            raise ValueError(f"{source / path}: the videos are in shards; give the folder that they were prepared from")
        if suffix.lower() not in VIDEO_SUFFIXES:
            if path != FAILED_VIDEOS:
                plan.others.append(path)
            continue
        copy = f"{stem}.mp4"
        if copy in original_of:
            raise ValueError(
                f"{original_of[copy]} and {path} of {source} would both become {copy}; rename one of them, or move it "
                "out of the folder"
            )
        original_of[copy] = path
        plan.videos.append((path, copy))
    if not plan.videos:
        raise FileNotFoundError(f"{source} holds no videos; they end in one of {' '.join(sorted(VIDEO_SUFFIXES))}")
    return plan


def copy_file(source: Path, destination: Path) -> bool:
    """Copies a file and its modification time atomically; False if that was done before."""
    status = source.stat()
    if destination.is_file():
        existing = destination.stat()
        if (existing.st_size, existing.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
            return False
    with whole_file(destination) as unfinished:
        shutil.copy2(source, unfinished)
    return True


def _walk(root: Path) -> Iterator[str]:
    """All files that are not hidden, and empty folders named like videos; relative paths with forward slashes.

    Anything named like a video is attempted, so that the command reports why it cannot be prepared.
    """
    for parent, folders, files in os.walk(root, followlinks=True):
        here = Path(parent).resolve()
        # Links to a parent folder would be followed forever.
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and not here.is_relative_to((here / f).resolve())
        )
        empty = [f for f in folders if os.path.splitext(f)[1].lower() in VIDEO_SUFFIXES and not holds_files(here / f)]
        for file in sorted([*files, *empty]):
            if not file.startswith("."):
                yield Path(parent, file).relative_to(root).as_posix()
