"""How many samples an MP4 or QuickTime file claims to hold, read from its headers before FFmpeg builds its index.

A table of sample sizes that are all equal takes 20 bytes in the file, whatever their number, and gigabytes in FFmpeg.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from datamodules.batch import VideoDecodeError
from datamodules.decode_limits import MOST_FRAMES

__all__ = ["check_claims"]

# Boxes that hold boxes, on the way to those that say how many samples there are.
_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}
# What a file of this kind can begin with.
_FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx", b"uuid", b"prfl"}
# Where the number of samples stands in those boxes, in bytes after the box's header.
_COUNTS = {b"stsz": 8, b"stz2": 8, b"trun": 4}  # codespell:ignore trun
_DEEPEST = 8


def check_claims(path: str) -> None:
    """Checks what a file claims. Files of other kinds pass, and so does what FFmpeg will refuse to read anyway.

    Args:
        path: A regular file.

    Raises:
        VideoDecodeError: A track has more samples than the limit, or than the file has bytes.
        OSError: The file cannot be read.
    """
    with open(path, "rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        if file.read(8)[4:] not in _FIRST:
            return
        fragments = 0
        for kind, count in _counts(file, 0, n_bytes, 0):
            fragments += count if kind == b"trun" else 0  # codespell:ignore trun
            claim = max(count, fragments)
            if claim > min(MOST_FRAMES, n_bytes):
                limit = f"the limit of {MOST_FRAMES}" if claim > MOST_FRAMES else f"its {n_bytes} bytes can hold"
                raise VideoDecodeError(
                    f"{path}: it claims to hold {claim} frames, more than {limit}; re-encode the video"
                )


def _counts(file: BinaryIO, start: int, end: int, depth: int) -> Iterator[tuple[bytes, int]]:
    """The kind and the number of samples of each box that gives one, between two places in a file."""
    at = start
    while at + 8 <= end:
        file.seek(at)
        header = file.read(16)
        size, kind, body = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        if kind in _PARENTS and depth < _DEEPEST:
            yield from _counts(file, body, min(at + size, end), depth + 1)
        elif kind in _COUNTS:
            file.seek(body + _COUNTS[kind])
            yield kind, int.from_bytes(file.read(4), "big")
        at += size
