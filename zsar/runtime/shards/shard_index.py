"""The index of shards: which video lies in which tar, at which bytes, with which checksum.

A file of JSON lines beside the tars, `zsar_shards.jsonl`: a line that names the format, then a line for each tar:

    {"format": "zsar shards", "version": 1, "n_shards": 2}
    {"shard": "shard-00000.tar", "n_bytes": 10240, "members": [["run/0.mp4", 512, 7001, 3735928559]]}

Each member has a name, offset, size and CRC-32. In memory the index is a few arrays, which worker processes share:
of Python objects, each would get its own copy, as for `VideoTable`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.runtime.files.given_files import GivenFileError, check_given_file
from zsar.runtime.files.whole_files import write_text_whole
from zsar.runtime.shards.tar_members import BLOCK_BYTES, MOST_MEMBER_BYTES, TarMember, name_fault
from zsar.runtime.text.json_files import parse_json

INDEX_FILE = "zsar_shards.jsonl"
REMEDY = "write the shards again with `zsar prepare --shards`"
_HEAD = {"format": "zsar shards", "version": 1}
_MOST_BYTES = 2**28  # of the file: millions of videos
_NAMES = ("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Shard:
    """A tar and its members.

    Attributes:
        name: The name of the tar.
        n_bytes: Its size.
        members: Its files.
    """

    name: str
    n_bytes: int
    members: Sequence[TarMember]


class ShardIndex:
    """The members of all shards, by name."""

    def __init__(self, path: str, n_shards: int, shards: Sequence[Shard]) -> None:
        """Sorts the members by name.

        Args:
            path: The index file, or its address, for errors.
            n_shards: The number of shards that was asked for; one without a video is not written.
            shards: The shards.

        Raises:
            GivenFileError: Two members have one name.
        """
        self.n_shards = n_shards
        self.shards = [(shard.name, shard.n_bytes) for shard in shards]
        members = [(member, number) for number, shard in enumerate(shards) for member in shard.members]
        names = np.array([member.name.encode(*_NAMES) for member, _ in members], dtype=np.bytes_)
        order = np.argsort(names, kind="stable")
        self._names: NDArray[np.bytes_] = names[order]
        numbers = [(number, member.offset, member.n_bytes, member.crc32) for member, number in members]
        self._numbers = np.array(numbers, dtype=np.int64).reshape(-1, 4)[order]
        twice = np.flatnonzero(self._names[1:] == self._names[:-1]).tolist()
        if twice:
            row = twice[0]
            tars = " and ".join(sorted({self.shards[self._numbers[i, 0]][0] for i in (row, row + 1)}))
            raise GivenFileError(Path(path), f"the member {self._name(row)!r} is listed twice ({tars})", REMEDY)

    def __len__(self) -> int:
        """The number of members."""
        return len(self._names)

    def find(self, name: str) -> tuple[TarMember, str, int] | None:
        """A member, the name of its tar and the size of the tar; None if there is no such member."""
        key = name.encode(*_NAMES)
        row = self._row(key)
        if row >= len(self) or bytes(self._names[row]) != key:
            return None
        number, offset, n_bytes, crc32 = self._numbers[row].tolist()
        return (TarMember(name, offset, n_bytes, crc32), *self.shards[number])

    def names_below(self, folder: str) -> list[str]:
        """Names of the members in a folder, at any depth, sorted; "" is the folder of the shards."""
        if not folder:
            return [self._name(row) for row in range(len(self))]
        key = folder.encode(*_NAMES)
        return [self._name(row) for row in range(self._row(key + b"/"), self._row(key + b"0"))]  # "0" follows "/"

    def all_shards(self) -> list[Shard]:
        """The shards with their members, in order of the bytes."""
        members: list[list[TarMember]] = [[] for _ in self.shards]
        for row, (number, offset, n_bytes, crc32) in enumerate(self._numbers.tolist()):
            members[number].append(TarMember(self._name(row), offset, n_bytes, crc32))
        return [
            Shard(name, n_bytes, sorted(held, key=lambda member: member.offset))
            for (name, n_bytes), held in zip(self.shards, members, strict=True)
        ]

    def _row(self, key: bytes) -> int:
        """Where a name is or would be. A longer key is cut, so that the array is not copied to be compared."""
        width = self._names.dtype.itemsize
        cut = np.array([key], dtype=f"S{width}")
        return int(np.searchsorted(self._names, cut, side="right" if len(key) > width else "left")[0])

    def _name(self, row: int) -> str:
        return bytes(self._names[row]).decode(*_NAMES)


def read_index(path: Path) -> ShardIndex:
    """Reads the index of a folder.

    Raises:
        FileNotFoundError: There is no such file.
        GivenFileError: It was not written by zsar, or its ranges cannot be those of its tars; the message has the line.
    """
    check_given_file(path, remedy=REMEDY, most_bytes=_MOST_BYTES)
    return parse_index(path.read_bytes(), str(path))


def parse_index(content: bytes, path: str) -> ShardIndex:
    """The index in the content of a file.

    Args:
        content: The content.
        path: The file, or its address, for errors.

    Raises:
        GivenFileError: As for `read_index`.
    """
    lines = content.split(b"\n")
    head = _object(lines[0], path, 1)
    n_shards = head.pop("n_shards", None)
    if head != _HEAD or not _is_count(n_shards):
        what = f"it is not an index of shards of version {_HEAD['version']}: {head}"
        raise GivenFileError(Path(path), what, REMEDY, line=1)
    if lines[-1]:
        raise GivenFileError(Path(path), "it is cut off", REMEDY, line=len(lines))
    shards: dict[str, Shard] = {}
    for number, line in enumerate(lines[1:-1], start=2):
        try:
            shard = _shard(_object(line, path, number))
            if shard.name in shards:
                raise ValueError(f"{shard.name} is listed twice")
        except ValueError as error:
            if isinstance(error, GivenFileError):
                raise
            raise GivenFileError(Path(path), str(error), REMEDY, line=number) from error
        shards[shard.name] = shard
    return ShardIndex(path, n_shards, list(shards.values()))


def write_index(path: Path, n_shards: int, shards: Iterable[Shard]) -> None:
    """Writes the index atomically.

    Raises:
        OSError: It cannot be written.
    """
    head = {**_HEAD, "n_shards": n_shards}
    rows = ({**vars(shard), "members": [astuple(member) for member in shard.members]} for shard in shards)
    lines = [head, *({"shard": row.pop("name"), **row} for row in rows)]
    write_text_whole(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _object(line: bytes, path: str, number: int) -> dict[str, Any]:
    try:
        content = parse_json(line.decode(), path, bytes_of_names=True)
    except ValueError as error:
        problem = str(error).removeprefix(f"{path}:").lstrip("0123456789: ")
        raise GivenFileError(Path(path), problem, REMEDY, line=number) from error
    if not isinstance(content, dict):
        raise GivenFileError(Path(path), "it is not an object", REMEDY, line=number)
    return content


def _shard(row: Mapping[str, Any]) -> Shard:
    """The shard of a line.

    Raises:
        ValueError: It cannot be one.
    """
    name, n_bytes, members = (row.get(key) for key in ("shard", "n_bytes", "members"))
    if not isinstance(name, str) or "/" in name or name_fault(name) is not None or not name.endswith(".tar"):
        raise ValueError(f"shard is {name!r}, not the name of a tar file")
    if not _is_count(n_bytes) or not isinstance(members, list):
        raise ValueError(f"{name} has no size n_bytes, or no list of members")
    held = list(_members(name, members))
    at, before = 0, "the beginning"
    for member in sorted(held, key=lambda member: member.offset):
        if member.offset % BLOCK_BYTES or member.offset < at + BLOCK_BYTES or member.end > n_bytes:
            raise ValueError(
                f"the member {member.name!r} has the bytes {member.offset} to {member.end}, which do not fit after "
                f"{before} into the {n_bytes} bytes of {name}"
            )
        at, before = member.end, repr(member.name)
    return Shard(name, n_bytes, held)


def _members(shard: str, rows: Sequence[Any]) -> Iterator[TarMember]:
    for row in rows:
        if not (isinstance(row, list) and len(row) == 4 and isinstance(row[0], str) and all(map(_is_count, row[1:]))):
            raise ValueError(f"a member of {shard} is {row!r}, not [name, offset, size, CRC-32]")
        if (fault := name_fault(row[0])) is not None:
            raise ValueError(f"the name of the member {row[0]!r} of {shard} {fault}")
        if row[2] > MOST_MEMBER_BYTES or row[3] >= 2**32:
            raise ValueError(f"the member {row[0]!r} of {shard} has a size or CRC-32 out of range: {row[2]}, {row[3]}")
        yield TarMember(*row)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62
