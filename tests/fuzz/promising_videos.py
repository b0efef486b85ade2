"""Small videos whose headers promise far too much: pictures of gigapixels, billions of frames, time stamps of years."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fuzz import video_cases
from tests.fuzz.chunked_files import Chunk, parse_boxes, parse_ebml, parse_riff, write_boxes, write_ebml, write_riff
from tests.fuzz.video_cases import SEEDS, write_lossless

FAR_TOO_WIDE_PX, WIDE_PX = 100_000, 16_384
MANY_FRAMES = (50_000_000, 10**9)
Make = Callable[[Path], bytes]
"""Given the place of a sound video, writes it there and returns what is made of it."""


def _sound(name: str, path: Path) -> bytes:
    if name in SEEDS:
        SEEDS[name](path)
    else:
        write_lossless(path)
    return path.read_bytes()


def _field(chunk: Chunk, place: int, value: int, n_bytes: int, order: str) -> None:
    written = value.to_bytes(n_bytes, "little" if order == "little" else "big")
    chunk.content = chunk.content[:place] + written + chunk.content[place + n_bytes :]


def _elements(name: str, changes: dict[str, int], n_bytes: int) -> Make:
    """A Matroska file whose elements, by hexadecimal ID, have other values."""

    def make(path: Path) -> bytes:
        tree = parse_ebml(_sound(name, path))
        for chunk in tree.walk():
            if chunk.name.hex() in changes:
                chunk.content = changes[chunk.name.hex()].to_bytes(n_bytes, "big")
        return write_ebml(tree)

    return make


def _boxes(name: str, changes: dict[bytes, Sequence[tuple[int, int, int]]]) -> Make:
    """An MP4 file whose boxes have other values at places of so many bytes."""

    def make(path: Path) -> bytes:
        tree = parse_boxes(_sound(name, path))
        for chunk in tree.walk():
            for place, value, n_bytes in changes.get(chunk.name, ()):
                _field(chunk, place, value, n_bytes, "big")
        return write_boxes(tree)

    return make


def _chunks(name: str, changes: dict[bytes, Sequence[tuple[int, int]]]) -> Make:
    """An AVI file whose chunks have other values at places of four bytes."""

    def make(path: Path) -> bytes:
        tree = parse_riff(_sound(name, path))
        for chunk in tree.walk():
            for place, value in changes.get(chunk.name, ()):
                _field(chunk, place, value, 4, "little")
        return write_riff(tree)

    return make


def _many_samples(name: str, n: int) -> Make:
    """An MP4 file that says that it has n frames of one byte, all in one chunk."""
    return _boxes(name, {b"stsz": [(4, 1, 4), (8, n, 4)], b"stts": [(8, n, 4)], b"stsc": [(12, n, 4)]})


def _many_in_fragment(n: int) -> Make:
    return _boxes("fragmented.mp4", {b"trun": [(4, n, 4)]})


def _gif(side_px: int) -> Make:
    def make(path: Path) -> bytes:
        content = _sound("animated.gif", path)
        return content[:6] + side_px.to_bytes(2, "little") * 2 + content[10:]

    return make


def _vp8(side_px: int) -> Make:
    def make(path: Path) -> bytes:
        content = _sound("vp8.webm", path)
        start = b"\x9d\x01\x2a"  # of a keyframe, whose size follows
        at = content.index(start) + 3
        return content[:at] + side_px.to_bytes(2, "little") * 2 + content[at + 4 :]

    return make


def _h264(side_px: int) -> Make:
    """Raw H.264 whose first parameter set says another size."""

    def make(path: Path) -> bytes:
        start = b"\0\0\0\1"
        units = _sound("raw.h264", path).split(start)
        return start.join(_parameter_set(side_px) if unit[:1] == b"\x67" else unit for unit in units)

    return make


def _parameter_set(side_px: int) -> bytes:
    """A sequence parameter set of H.264 (7.3.2.1.1 of the standard), baseline profile, level 6.2."""

    def exp_golomb(value: int) -> str:
        bits = f"{value + 1:b}"
        return "0" * (len(bits) - 1) + bits

    n_blocks = exp_golomb(-(-side_px // 16) - 1)
    # Identifier, bits of frame numbers, order of frames, reference frames; no gaps; size; whole frames, no cropping.
    bits = "".join(map(exp_golomb, (0, 0, 2, 1))) + "0" + n_blocks * 2 + "11" + "0" + "0" + "1"
    bits += "0" * (-len(bits) % 8)
    return bytes((0x67, 66, 0xC0, 62)) + int(bits, 2).to_bytes(len(bits) // 8, "big")


_WIDE = {"b0": FAR_TOO_WIDE_PX, "ba": FAR_TOO_WIDE_PX}
TOO_LARGE: dict[str, Make] = {
    "far_too_wide.mkv": _elements("lossless.mkv", _WIDE, 4),
    "wide.mkv": _elements("lossless.mkv", {"b0": WIDE_PX, "ba": WIDE_PX}, 4),
    "far_too_wide.avi": _chunks("lossless.avi", {b"strf": [(4, FAR_TOO_WIDE_PX), (8, FAR_TOO_WIDE_PX)]}),
    "wide.avi": _chunks("lossless.avi", {b"strf": [(4, WIDE_PX), (8, WIDE_PX)]}),
    "wide.gif": _gif(16_000),
    "far_too_wide.gif": _gif(65_535),
    "wide.webm": _vp8(16_383),
    "wide.h264": _h264(WIDE_PX),
    "far_too_wide.h264": _h264(FAR_TOO_WIDE_PX),
}
"""Pictures of 256 megapixels or more, by container."""

TOO_MANY: dict[str, Make] = {
    f"{n}_frames.{suffix}": _many_samples(name, n)
    for n in MANY_FRAMES
    for suffix, name in (("mp4", "index_behind.mp4"), ("front.mp4", "index_in_front.mp4"), ("mov", "mpeg4.mov"))
}
"""Indices of 5 x 10^7 frames or more."""

BOUNDED: dict[str, Make] = {
    "many_in_a_fragment.mp4": _many_in_fragment(10**9),
    "many.avi": _chunks("mpeg4_b_frames.avi", {b"avih": [(16, 10**9)], b"strh": [(32, 10**9)]}),
    "late.mkv": _elements("h264.mkv", {"e7": 10**12}, 8),
    "slow_clock.mkv": _elements("h264.mkv", {"2ad7b1": 10**15}, 8),
    "late.mp4": _boxes("index_in_front.mp4", {b"stts": [(12, 2**31 - 1, 4)]}),
    "slow_clock.mp4": _boxes("index_in_front.mp4", {b"mdhd": [(12, 1, 4)]}),
    "wide_in_the_box_only.mp4": _boxes("index_in_front.mp4", {b"avc1": [(24, 65_535, 2), (26, 65_535, 2)]}),
}
"""Other promises, which may be refused or found to be wrong; what is taken grows with what is there only."""

PROMISES = {**TOO_LARGE, **TOO_MANY, **BOUNDED}


def write_seeds(folder: Path) -> None:
    """Writes all of them."""
    for name, make in PROMISES.items():
        content = make(folder / name)
        (folder / name).write_bytes(content)


def mutate(name: str, content: bytes, draw: random.Random) -> bytes:
    """The content as it is: the promise is what is wrong with it."""
    return content


def exercise(name: str, path: Path, number: int) -> tuple[str, str]:
    """Reads it as every mutated video is read."""
    return video_cases.exercise(name, path, number)
