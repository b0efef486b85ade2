"""A local cache of videos that were read from addresses, of bounded size.

A video is a file named by the hash of where it came from. Whoever adds one removes those that were not read for longest
until all fit; several processes may do so at once. What is read is checked by its checksum, so that a damaged file only
costs another reading.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.shards.tar_members import TarMember

__all__ = ["FOLDER_VARIABLE", "SIZE_VARIABLE", "MemberCache", "member_cache"]

FOLDER_VARIABLE = "ZSAR_SHARD_CACHE"
SIZE_VARIABLE = "ZSAR_SHARD_CACHE_GB"
_DEFAULT_GB = 20.0
_LOOK_AGAIN = 64  # a process counts all files anew after it has added this part of the limit
_ROOM = 0.9  # files are removed until this part of the limit is left


class MemberCache:
    """Files of a folder, with a limit to their total size."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Touches nothing yet.

        Args:
            folder: The folder, which holds nothing else.
            most_bytes: The limit; 0 to keep nothing. With n processes it may be exceeded by n/64 of it, and a video.
        """
        self._folder, self._most_bytes = folder, most_bytes
        self._added = most_bytes  # the first addition counts

    def get(self, tar: str, member: TarMember) -> bytes | None:
        """The content of a member, unchecked; None if it is not there."""
        path = self._path(tar, member)
        try:
            content = path.read_bytes()
            os.utime(path)  # read now
        except OSError:
            return None
        return content

    def add(self, tar: str, member: TarMember, content: bytes) -> None:
        """Keeps the content of a member of at most a tenth of the limit. A full disk is no error: nothing is kept."""
        if member.n_bytes > self._most_bytes // 10:
            return
        with suppress(OSError), whole_file(self._path(tar, member)) as unfinished:
            unfinished.write_bytes(content)
        self._added += member.n_bytes
        if self._added > self._most_bytes / _LOOK_AGAIN:
            self._added = 0
            self._make_room()

    def forget(self, tar: str, member: TarMember) -> None:
        """Removes a member."""
        with suppress(OSError):
            self._path(tar, member).unlink()

    def _path(self, tar: str, member: TarMember) -> Path:
        key = f"{tar}\0{member.offset}\0{member.n_bytes}\0{member.crc32}".encode("utf-8", "surrogateescape")
        name = hashlib.sha256(key).hexdigest()
        return self._folder / name[:2] / name[2:]

    def _make_room(self) -> None:
        files: list[tuple[int, int, str]] = []
        for parent, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):  # another process has just removed it
                    status = os.stat(os.path.join(parent, name))
                    files.append((status.st_mtime_ns, status.st_size, os.path.join(parent, name)))
        total = sum(size for _, size, _ in files)
        if total <= self._most_bytes:
            return
        for _, size, path in sorted(files):
            with suppress(OSError):
                os.unlink(path)
            total -= size
            if total <= self._most_bytes * _ROOM:
                return


def member_cache() -> MemberCache:
    """The cache by the two variables of the environment, or the defaults.

    Raises:
        ValueError: The size is not a number from 0 on.
    """
    folder, size = os.environ.get(FOLDER_VARIABLE), os.environ.get(SIZE_VARIABLE)
    try:
        most_gb = _DEFAULT_GB if size is None else float(size)
        if not 0 <= most_gb < 1e9:
            raise ValueError
    except ValueError:
        raise ValueError(f"${SIZE_VARIABLE} is {size!r}; give gigabytes from 0 on, 0 to keep nothing") from None
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return _made(Path(folder).expanduser() if folder else Path(base, "zsar", "shards"), int(most_gb * 1e9))


@cache
def _made(folder: Path, most_bytes: int) -> MemberCache:
    """The same cache each time, since it counts what was added."""
    return MemberCache(folder, most_bytes)
