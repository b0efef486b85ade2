"""Packs the videos of a prepared copy into a fixed number of tars, one after another (`zsar.runtime.shards`).

A video goes into the tar that the CRC-32 of its name chooses, so that further videos change few tars, and each tar
has videos of all classes. Its name is its path in the copy; WebDataset reads folders as part of the key. A tar is
read back before the files that it holds are removed, so that at any time a video is in one of the two.
"""

from __future__ import annotations

import tarfile
import zlib
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.shards.shard_index import INDEX_FILE, Shard, read_index, write_index
from zsar.runtime.shards.stored_videos import open_stored
from zsar.runtime.shards.tar_members import TarMember, members_of

__all__ = ["ShardPacker"]


class ShardPacker:
    """The tars of a copy and their index."""

    def __init__(self, folder: Path, n_shards: int | None) -> None:
        """Reads the index, if there is one. A tar that is newer, left by a killed run, is read again.

        Args:
            folder: The folder of the copy.
            n_shards: The number of tars; None for a copy of files.

        Raises:
            ValueError: The folder was packed into another number of tars.
            GivenFileError: The index is wrong, or a tar is damaged.
        """
        self._folder, self.n_shards = folder, n_shards
        self._shards: dict[str, Shard] = {}
        self._videos, self._waiting, self._failed = _by(self, ()), _by(self, ()), _by(self, ())
        self._held: dict[str, TarMember] = {}
        path = folder / INDEX_FILE
        before = read_index(path) if path.exists() else None
        if before is not None and before.n_shards != n_shards:
            raise ValueError(
                f"{folder} was packed with --shards {before.n_shards}, but this run has "
                f"{f'--shards {n_shards}' if n_shards else 'no --shards'}; give the same, or another DESTINATION"
            )
        if n_shards is None:
            return
        listed = {} if before is None else {shard.name: shard for shard in before.all_shards()}
        is_new = False
        for number in range(n_shards):
            tar = folder / self._name(number)
            if not tar.exists():
                continue
            is_known = tar.name in listed and tar.stat().st_size == listed[tar.name].n_bytes
            if not is_known or tar.stat().st_mtime_ns > path.stat().st_mtime_ns:
                listed[tar.name], is_new = _read(tar), True
            self._take(listed[tar.name])
        if is_new or self._shards.keys() != listed.keys():
            self._write_index()

    @property
    def n_written(self) -> int:
        """The number of tars; one that would be empty is not written."""
        return len(self._shards)

    def number_of(self, video: str) -> int:
        """The number of the tar of a video, by its path in the copy; 0 in a copy of files."""
        return _checksum(video) % (self.n_shards or 1)

    def n_bytes(self, video: str) -> int | None:
        """The size of a video that is in a tar; None for one that is not."""
        member = self._held.get(video)
        return None if member is None else member.n_bytes

    def begin(self, videos: Iterable[str], waiting: Iterable[str]) -> None:
        """Packs the tars for which no video is waited for, and notes the others.

        Args:
            videos: All videos of the copy.
            waiting: Those of them that are not prepared yet.

        Raises:
            GivenFileError: As for `pack`.
            OSError: As for `pack`.
        """
        self._videos, self._waiting, self._failed = _by(self, videos), _by(self, waiting), _by(self, ())
        for number in self._videos.keys() - self._waiting.keys() if self.n_shards else ():
            self.pack(number, self._videos[number], ())

    def end(self, video: str, *, is_prepared: bool) -> None:
        """Notes that a video is no longer waited for; packs its tar if it was the last one.

        Raises:
            GivenFileError: As for `pack`.
            OSError: As for `pack`.
        """
        number = self.number_of(video)
        self._waiting[number].discard(video)
        if not is_prepared:
            self._failed[number].add(video)
        if self.n_shards and not self._waiting[number]:
            self.pack(number, self._videos[number] - self._failed[number], self._failed[number])

    def pack(self, number: int, finished: Iterable[str], failed: Iterable[str]) -> None:
        """Writes a tar with the videos that it holds and the finished ones, unless nothing changes.

        Args:
            number: The number of the tar.
            finished: Videos of it that are files of the copy or in the tar.
            failed: Videos of it that it must not hold, since they were made from an earlier version.

        Raises:
            GivenFileError: What was written is not what can be read.
            VideoDecodeError: The tar as it was cannot be read.
            OSError: The disk is full, or another error of it.
        """
        name = self._name(number)
        before = {member.name for member in self._shards[name].members} if name in self._shards else set()
        wanted = (before | set(finished)) - set(failed)
        files = [video for video in wanted if (self._folder / video).is_file()]
        if not files and wanted == before:
            return
        tar = self._folder / name
        if wanted:
            with whole_file(tar) as unfinished:
                self._write(unfinished, sorted(wanted, key=lambda video: (_checksum(video), video)))
            self._take(_read(tar))
        for video in before - wanted:
            self._held.pop(video)
        if not wanted:
            self._shards.pop(name)
        self._write_index()
        if not wanted:
            tar.unlink()
        for video in files:
            self._remove(video)

    def _write(self, path: Path, videos: Iterable[str]) -> None:
        """Writes a tar, always the same for the same videos; a file goes before a member of the tar as it was."""
        # not whole: `path` is the unfinished file of the `whole_file` in `pack`
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
            for video in videos:
                header = tarfile.TarInfo(video)
                with open_stored(self._folder / video) as file:
                    header.size = file.seek(0, 2)
                    file.seek(0)
                    tar.addfile(header, file)

    def _remove(self, video: str) -> None:
        """Removes a file that is in its tar, and folders that are empty now."""
        path = self._folder / video
        path.unlink()
        with suppress(OSError):  # not empty
            for folder in path.relative_to(self._folder).parents:
                if folder != Path():
                    (self._folder / folder).rmdir()

    def _take(self, shard: Shard) -> None:
        self._shards[shard.name] = shard
        self._held.update({member.name: member for member in shard.members})

    def _write_index(self) -> None:
        assert self.n_shards is not None
        write_index(self._folder / INDEX_FILE, self.n_shards, [self._shards[name] for name in sorted(self._shards)])

    def _name(self, number: int) -> str:
        assert self.n_shards is not None
        return f"shard-{number:05d}-of-{self.n_shards:05d}.tar"


def _by(packer: ShardPacker, videos: Iterable[str]) -> defaultdict[int, set[str]]:
    """Number of each tar -> its videos."""
    parted: defaultdict[int, set[str]] = defaultdict(set)
    for video in videos:
        parted[packer.number_of(video)].add(video)
    return parted


def _checksum(video: str) -> int:
    return zlib.crc32(video.encode("utf-8", "surrogateescape"))


def _read(tar: Path) -> Shard:
    members = members_of(tar)
    if not members:
        raise GivenFileError(tar, "it holds no file", "remove it and prepare again")
    return Shard(tar.name, tar.stat().st_size, members)
