"""Folders of shards: a video that is not on the disk is looked for in the tars of the folders above it.

A folder with an index holds the files of its tars as if they were unpacked there: the member `train/run/0.mp4` of a tar
in `/data/kinetics400` is the video `/data/kinetics400/train/run/0.mp4`. The paths of videos, and with them lists,
splits and results, are those of unpacked files. A file on the disk goes before a member of its name.

The tars may lie elsewhere: `zsar_shards.url` holds the address of their folder, which fsspec opens. The index is then
read from that folder too, unless it is beside the address.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from zsar.runtime.files.given_files import GivenFileError, read_given_text
from zsar.runtime.shards.remote_ranges import read_remote_file
from zsar.runtime.shards.shard_index import INDEX_FILE, ShardIndex, parse_index, read_index
from zsar.runtime.shards.tar_members import TarMember

__all__ = ["ADDRESS_FILE", "FoundMember", "ShardFolder", "folders_above", "found_member", "shards_in"]

ADDRESS_FILE = "zsar_shards.url"

_Stamp = tuple[tuple[int, int] | None, ...]
# Folder -> what it held when its two files had these sizes and times. Reading an index of a million videos takes
# seconds; forked workers find it here.
_known: dict[str, tuple[_Stamp, ShardFolder]] = {}
_reading = threading.Lock()


@dataclass(frozen=True)
class ShardFolder:
    """The shards of a folder.

    Attributes:
        folder: The folder, as asked for.
        location: Where the tars lie: the folder, or an address.
        is_remote: Whether it is an address.
        index: What they hold.
    """

    folder: str
    location: str
    is_remote: bool
    index: ShardIndex

    def tar(self, name: str) -> str:
        """The path or the address of a tar."""
        return f"{self.location.rstrip('/')}/{name}"


@dataclass(frozen=True)
class FoundMember:
    """A video in a shard.

    Attributes:
        tar: The path or the address of the tar.
        tar_bytes: The size of the tar by the index.
        is_remote: Whether it is an address.
        member: Where the video lies in it.
    """

    tar: str
    tar_bytes: int
    is_remote: bool
    member: TarMember


def shards_in(folder: str | Path) -> ShardFolder | None:
    """The shards of a folder itself; None if it has neither an index nor an address.

    Raises:
        GivenFileError: The index or the address is wrong; the message names file and line.
        ConnectionError: The index cannot be read from its address.
    """
    folder = os.path.abspath(folder)
    stamp = tuple(_stamp(os.path.join(folder, name)) for name in (INDEX_FILE, ADDRESS_FILE))
    if not any(stamp):
        return None
    with _reading:
        if folder not in _known or _known[folder][0] != stamp:
            _known[folder] = (stamp, _read(folder, has_index=stamp[0] is not None, has_address=stamp[1] is not None))
        return _known[folder][1]


def folders_above(path: str | Path) -> Iterator[tuple[ShardFolder, str]]:
    """The folders of shards that may hold a path, the nearest first, and the path within each.

    Args:
        path: A file or folder; a folder may have shards itself, and is then "" within them.
    """
    whole = os.path.abspath(path)
    at = whole
    while True:
        if (shards := shards_in(at)) is not None:
            yield shards, "" if at == whole else os.path.relpath(whole, at).replace(os.sep, "/")
        parent = os.path.dirname(at)
        if parent == at:
            return
        at = parent


def found_member(path: str | Path) -> FoundMember | None:
    """The member that a path names; None if a file or folder is there, or no shard holds it.

    Raises:
        GivenFileError: As for `shards_in`.
        ConnectionError: As for `shards_in`.
    """
    if os.path.lexists(path):
        return None
    for shards, name in folders_above(path):
        if (found := shards.index.find(name)) is not None:
            member, tar, tar_bytes = found
            return FoundMember(shards.tar(tar), tar_bytes, shards.is_remote, member)
    return None


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _read(folder: str, *, has_index: bool, has_address: bool) -> ShardFolder:
    address = _read_address(Path(folder, ADDRESS_FILE)) if has_address else None
    if has_index:
        index = read_index(Path(folder, INDEX_FILE))
    else:
        assert address is not None
        file = f"{address.rstrip('/')}/{INDEX_FILE}"
        index = parse_index(read_remote_file(file), file)
    return ShardFolder(folder, address or folder, address is not None, index)


def _read_address(path: Path) -> str:
    remedy = "write the address of the folder with the tars on one line, such as s3://bucket/kinetics400"
    lines = read_given_text(path, what="address of shards", remedy=remedy).strip().split("\n")
    address = lines[0].strip()
    parts = urlsplit(address)
    if len(lines) > 1 or not parts.scheme or "://" not in address or any(map(str.isspace, address)):
        raise GivenFileError(path, f"{address[:80]!r} is not one address", remedy)
    if "@" in parts.netloc:  # it would be shown in every error
        raise GivenFileError(path, "it has a name or password before the @; fsspec takes them elsewhere", remedy)
    return address
