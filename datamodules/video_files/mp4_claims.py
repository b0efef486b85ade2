"""Checks the number of samples that an MP4 or QuickTime header claims, before FFmpeg builds its index.

A table of equal sample sizes takes 20 bytes in the file for any number of samples, but gigabytes in FFmpeg.
Uncompressed sound has a sample for each tick of its clock, hundreds of millions in a long file; FFmpeg reads it in
chunks, and the file must hold at least one byte per sample.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import BinaryIO

from zsar.datamodules.video_files.decode_limits import MOST_FRAMES
from zsar.runtime.files.video_errors import VideoDecodeError

__all__ = ["check_claims", "is_mp4"]

# Boxes that contain the boxes with numbers of samples.
_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}
# Kinds of the first box of such a file.
_FIRST = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp", b"sidx", b"uuid", b"prfl"}
_DEEPEST = 8
_RUN_BYTES = 12  # of an entry of "stsc": first chunk, samples in each, description


@dataclass
class _Track:
    """The relevant boxes of a track; a broken file may repeat them.

    Attributes:
        handlers: "vide", "soun", ...
        n_samples: Number of samples in its table of sizes.
        durations: Number of runs of equal duration, and the duration of the first in ticks.
        n_chunks: Number of chunks in its table of offsets.
        runs: First chunk, from 1, and samples per chunk from there on.
    """

    handlers: set[bytes] = field(default_factory=set)
    n_samples: int = 0
    durations: set[tuple[int, int]] = field(default_factory=set)
    n_chunks: int = 0
    runs: list[list[tuple[int, int]]] = field(default_factory=list)

    def is_read_in_chunks(self) -> bool:
        """Whether FFmpeg lists chunks of the track instead of samples: sound with one tick per sample."""
        return b"soun" in self.handlers and b"vide" not in self.handlers and self.durations == {(1, 1)}

    def n_in_chunks(self) -> int:
        """Number of samples in all chunks."""
        return max(map(self._n_in, self.runs), default=0)

    def _n_in(self, runs: list[tuple[int, int]]) -> int:
        ends = [first for first, _ in runs[1:]] + [self.n_chunks + 1]
        return sum(max(0, end - first) * n_samples for (first, n_samples), end in zip(runs, ends, strict=True))


def check_claims(path: str, content: BinaryIO | None = None) -> None:
    """Checks the claims of a file. Files of other kinds pass, as do files that FFmpeg cannot read anyway.

    Args:
        path: A regular file.
        content: Its content, if it is not on the disk; its position is 0 afterwards.

    Raises:
        VideoDecodeError: A track has more samples than the limit, or than the file has bytes.
        OSError: The file cannot be read.
    """
    with open(path, "rb") if content is None else nullcontext(content) as file:
        n_bytes = file.seek(0, os.SEEK_END)
        tracks, fragments = _tracks(file, n_bytes)
        file.seek(0)
    sound = max((max(t.n_samples, t.n_in_chunks()) for t in tracks if t.is_read_in_chunks()), default=0)
    frames = max((t.n_samples for t in tracks if not t.is_read_in_chunks()), default=0)
    for claim, unit in ((max(frames, fragments), "frames"), (sound, "samples of sound")):
        too_many = unit == "frames" and claim > MOST_FRAMES
        if too_many or claim > n_bytes:
            limit = f"the limit of {MOST_FRAMES}" if too_many else f"its {n_bytes} bytes can hold"
            raise VideoDecodeError(f"{path}: it claims to hold {claim} {unit}, more than {limit}; re-encode the video")


def _tracks(file: BinaryIO, n_bytes: int) -> tuple[list[_Track], int]:
    """The tracks of a file, and the number of samples in its fragments; none of a file of another kind."""
    tracks: list[_Track] = []
    fragments = 0
    if _read_at(file, 0, 8)[4:] not in _FIRST:
        return tracks, fragments
    for kind, body, end in _boxes(file, 0, n_bytes, 0):
        if kind == b"trak":
            tracks.append(_Track())
        elif kind == b"trun":  # codespell:ignore trun
            fragments += _number(file, body + 4)
        elif tracks:
            _read_box(file, kind, body, end, tracks[-1])
    return tracks, fragments


def is_mp4(path: str) -> bool:
    """Whether a file begins like an MP4 or QuickTime file; False for one that cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(8)[4:] in _FIRST
    except OSError:
        return False


def _read_box(file: BinaryIO, kind: bytes, body: int, end: int, track: _Track) -> None:
    """Adds the content of a box to its track."""
    if kind == b"hdlr":
        track.handlers.add(_read_at(file, body + 8, 4))
    elif kind in (b"stsz", b"stz2"):
        track.n_samples = max(track.n_samples, _number(file, body + 8))
    elif kind == b"stts":
        track.durations.add((_number(file, body + 4), _number(file, body + 12)))
    elif kind in (b"stco", b"co64"):
        track.n_chunks = max(track.n_chunks, _number(file, body + 4))
    elif kind == b"stsc":
        n_runs = min(_number(file, body + 4), max(0, end - body - 8) // _RUN_BYTES)
        table = _read_at(file, body + 8, n_runs * _RUN_BYTES)
        numbers = [int.from_bytes(table[at : at + 4], "big") for at in range(0, len(table), 4)]
        track.runs.append(list(zip(numbers[::3], numbers[1::3], strict=False)))


def _boxes(file: BinaryIO, start: int, end: int, depth: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of content of each box between two offsets of a file, each followed by its inner boxes."""
    at = start
    while at + 8 <= end:
        header = _read_at(file, at, 16)
        size, kind, body = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if size == 1:
            size, body = int.from_bytes(header[8:16], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        yield kind, body, min(at + size, end)
        if kind in _PARENTS and depth < _DEEPEST:
            yield from _boxes(file, body, min(at + size, end), depth + 1)
        at += size


def _number(file: BinaryIO, at: int) -> int:
    return int.from_bytes(_read_at(file, at, 4), "big")


def _read_at(file: BinaryIO, at: int, n_bytes: int) -> bytes:
    file.seek(at)
    return file.read(n_bytes)
