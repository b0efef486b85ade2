"""The members of a plain tar file: checked names, and the bytes where each lies. Nothing is ever extracted.

A tar of a stranger may hold links, devices, names that lead out of the folder, or the same name twice, and may be cut
off. Python's reader stops silently at a damaged header, as if the file ended there; here each of these is an error.
"""

from __future__ import annotations

import os
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from zsar.runtime.files.given_files import GivenFileError, check_given_file

__all__ = ["BLOCK_BYTES", "MOST_MEMBER_BYTES", "TarMember", "members_of", "name_fault"]

BLOCK_BYTES = 512
"""Headers and contents of a tar begin at multiples of this."""

MOST_MEMBER_BYTES = 2**30
"""The largest video in a shard (1 GiB), since a video is read as a whole."""

_END = bytes(2 * BLOCK_BYTES)  # the mark of the end of a tar
_CHUNK_BYTES = 1 << 20
_LONGEST_NAME = 4096  # the longest path of Linux
_REMEDY = "write the shards again with `zsar prepare --shards`, or leave this tar out of the folder"
_KINDS = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link"}


@dataclass(frozen=True)
class TarMember:
    """A file in a tar.

    Attributes:
        name: Its path in the tar, with forward slashes.
        offset: Where its content begins, in bytes from the beginning of the tar.
        n_bytes: The size of its content.
        crc32: The CRC-32 of its content.
    """

    name: str
    offset: int
    n_bytes: int
    crc32: int

    @property
    def end(self) -> int:
        """Where its content ends."""
        return self.offset + self.n_bytes


def members_of(path: Path) -> list[TarMember]:
    """Reads a whole tar and lists its files; folders in it are left out.

    Args:
        path: An uncompressed tar.

    Returns:
        Its files in order, each with the checksum of its content.

    Raises:
        FileNotFoundError: There is no such file.
        GivenFileError: It is no plain tar, is cut off, or holds a link, a device, a sparse file, a file above
            `MOST_MEMBER_BYTES`, a name twice, or a name that leads out of a folder. The message names the member.
    """
    n_bytes = check_given_file(path, remedy=_REMEDY)
    members: dict[str, TarMember] = {}
    end = 0
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:", errors="surrogateescape") as tar:
            for header in tar:
                end = header.offset_data + -(-header.size // BLOCK_BYTES) * BLOCK_BYTES * header.isreg()
                if end + len(_END) > n_bytes:
                    raise GivenFileError(path, f"it is cut off within the member {header.name!r}", _REMEDY)
                if header.isdir():
                    continue
                member = TarMember(_checked_name(path, header), header.offset_data, header.size, 0)
                if member.name in members:
                    raise GivenFileError(path, f"it holds the member {member.name!r} twice", _REMEDY)
                members[member.name] = member
            _check_end(path, file, end)
            return [_with_checksum(file, member) for member in members.values()]
    except tarfile.TarError as error:
        raise GivenFileError(path, f"it is not a plain tar file ({error})", _REMEDY) from error


def name_fault(name: str) -> str | None:
    """Why a name must not be that of a member, "leads out of the folder" or so; None for a good one."""
    if name.startswith("/"):
        return "is an absolute path"
    if len(name) > _LONGEST_NAME:
        return f"has {len(name)} characters, more than {_LONGEST_NAME}"
    if "\0" in name or not name:
        return "is empty or has a NUL character"
    parts = name.split("/")
    if ".." in parts:
        return "leads out of its folder"
    return "has an empty part" if "" in parts or "." in parts else None


def _checked_name(path: Path, header: tarfile.TarInfo) -> str:
    """The name of a regular file, without "./" at its beginning."""
    what = f"its member {header.name!r}"
    if not header.isreg() or header.issparse():
        kind = "a sparse file" if header.issparse() else _KINDS.get(header.type, "a device, a pipe or of another kind")
        raise GivenFileError(path, f"{what} is {kind}, not a plain file", _REMEDY)
    if header.size > MOST_MEMBER_BYTES:
        raise GivenFileError(path, f"{what} has {header.size} bytes, more than the limit {MOST_MEMBER_BYTES}", _REMEDY)
    name = header.name.removeprefix("./")
    if (fault := name_fault(name)) is not None:
        raise GivenFileError(path, f"the name of {what} {fault}", _REMEDY)
    return name


def _check_end(path: Path, file: BinaryIO, end: int) -> None:
    """Checks that the last member is followed by nothing but zeros."""
    file.seek(end)
    while chunk := file.read(_CHUNK_BYTES):
        if chunk.strip(b"\0"):
            raise GivenFileError(path, f"the header at byte {end} is damaged, or data follow the end", _REMEDY)
    if file.seek(0, os.SEEK_END) < end + len(_END):
        raise GivenFileError(path, f"it is cut off at byte {end}", _REMEDY)


def _with_checksum(file: BinaryIO, member: TarMember) -> TarMember:
    file.seek(member.offset)
    crc32, left = 0, member.n_bytes
    while left:
        chunk = file.read(min(left, _CHUNK_BYTES))
        crc32, left = zlib.crc32(chunk, crc32), left - len(chunk)
    return TarMember(member.name, member.offset, member.n_bytes, crc32)
