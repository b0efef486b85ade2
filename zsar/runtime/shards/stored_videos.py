"""Videos of data sets, whether they are files or lie in shards: what is asked of one before it is decoded.

Each function takes the path of the video as if it were unpacked, and looks at the disk first (`shard_folders`).
"""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import BinaryIO

from zsar.runtime.files.plain_files import file_problem
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.shards.member_cache import member_cache
from zsar.runtime.shards.remote_ranges import read_remote_range
from zsar.runtime.shards.shard_folders import FoundMember, folders_above, found_member
from zsar.runtime.shards.shard_index import REMEDY

__all__ = [
    "content_to_decode",
    "is_at_an_address",
    "is_stored",
    "is_stored_folder",
    "open_stored",
    "stored_below",
    "stored_in_shard",
    "stored_problem",
    "stored_size",
    "stored_stamp",
]


class MemberFile(io.BytesIO):
    """The content of a video, with the name of the video, by whose suffix FFmpeg recognises some formats."""

    def __init__(self, content: bytes, name: str) -> None:
        """A file of these bytes."""
        super().__init__(content)
        self.name = name


def stored_in_shard(path: str | Path) -> MemberFile | None:
    """The content of a video that lies in a shard; None for one that does not.

    Raises:
        VideoDecodeError: The shard is missing, has changed since its index was written, or cannot be reached.
        GivenFileError: The index is wrong.
    """
    found = found_member(path)
    return None if found is None else MemberFile(_content(path, found), f"file:{path}")


def open_stored(path: str | Path) -> BinaryIO:
    """The video as an open binary file; a context manager.

    Raises:
        OSError: There is no such video.
        VideoDecodeError: As for `stored_in_shard`.
        GivenFileError: As for `stored_in_shard`.
    """
    return stored_in_shard(path) or open(path, "rb")


def content_to_decode(path: str | Path) -> MemberFile | None:
    """As `stored_in_shard`, of a video that can be read.

    Raises:
        VideoDecodeError: It cannot (`stored_problem`), or as for `stored_in_shard`.
        GivenFileError: As for `stored_in_shard`.
    """
    found = found_member(path)
    if (problem := _problem(path, found)) is not None:
        raise VideoDecodeError(problem)
    return None if found is None else MemberFile(_content(path, found), f"file:{path}")


def stored_problem(path: str | Path) -> str | None:
    """As `file_problem`: why a video cannot be read, "PATH: the cause"; None for one of a shard that holds bytes."""
    return _problem(path, found_member(path))


def _problem(path: str | Path, found: FoundMember | None) -> str | None:
    if found is None:
        return file_problem(path)
    return None if found.member.n_bytes else f"{path}: the file is empty"


def is_stored(path: str | Path) -> bool:
    """Whether there is a file of this path, or a member of a shard; its shard is not looked for."""
    return os.path.exists(path) or found_member(path) is not None


def is_stored_folder(folder: str | Path) -> bool:
    """Whether there is such a folder, on the disk or in shards."""
    return os.path.isdir(folder) or bool(stored_below(folder))


def is_at_an_address(path: str | Path) -> bool:
    """Whether a video is in a shard that is read over a network."""
    found = found_member(path)
    return found is not None and found.is_remote


def stored_below(folder: str | Path) -> list[str]:
    """Files of shards in a folder at any depth, as paths within it with forward slashes, sorted.

    Some may be on the disk as well.

    Raises:
        GivenFileError: An index is wrong.
        ConnectionError: An index cannot be read from its address.
    """
    names: dict[str, None] = {}
    for shards, inner in folders_above(folder):
        skipped = len(inner) + 1 if inner else 0
        names.update(dict.fromkeys(name[skipped:] for name in shards.index.names_below(inner)))
    return sorted(names)


def stored_size(path: str | Path) -> int:
    """The size of a video in bytes.

    Raises:
        OSError: There is no such video.
    """
    found = found_member(path)
    return os.stat(path).st_size if found is None else found.member.n_bytes


def stored_stamp(path: str | Path) -> tuple[int, int] | None:
    """Size and time of modification in nanoseconds, for a member size and CRC-32; None if there is no such video."""
    found = found_member(path)
    if found is not None:
        return found.member.n_bytes, found.member.crc32
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _content(path: str | Path, found: FoundMember) -> bytes:
    if not found.is_remote:
        content = _read_local(path, found)
        if zlib.crc32(content) != found.member.crc32:
            raise _changed(path, found, "other bytes here")
        return content
    cache = member_cache()
    kept = cache.get(found.tar, found.member)
    if kept is not None and zlib.crc32(kept) == found.member.crc32:
        return kept
    cache.forget(found.tar, found.member)
    try:
        content = read_remote_range(found.tar, found.member.offset, found.member.n_bytes)
    except ConnectionError as error:
        raise VideoDecodeError(f"{path}: {error}") from error
    if zlib.crc32(content) != found.member.crc32:
        raise _changed(path, found, "other bytes here")
    cache.add(found.tar, found.member, content)
    return content


def _read_local(path: str | Path, found: FoundMember) -> bytes:
    """Opens the tar for each reading: no open file is shared by processes or threads."""
    if (problem := file_problem(found.tar)) is not None:
        raise VideoDecodeError(f"{path}: its shard cannot be read: {problem}")
    try:
        with open(found.tar, "rb", buffering=0) as file:
            n_bytes = file.seek(0, os.SEEK_END)
            if n_bytes != found.tar_bytes:
                raise _changed(path, found, f"{n_bytes} bytes instead of {found.tar_bytes}")
            file.seek(found.member.offset)
            pieces, left = [], found.member.n_bytes
            while left and (piece := file.read(left)):
                pieces.append(piece)
                left -= len(piece)
            return b"".join(pieces)
    except OSError as error:
        raise VideoDecodeError(f"{path}: its shard {found.tar} cannot be read: {error.strerror}") from error


def _changed(path: str | Path, found: FoundMember, what: str) -> VideoDecodeError:
    return VideoDecodeError(f"{path}: its shard {found.tar} is not the one of the index: it has {what}; {REMEDY}")
