"""Mutations that know a container: its chunks, packets and clocks, and headers that promise far too much."""

from __future__ import annotations

import random
from functools import partial

from tests.fuzz.byte_mutations import ANY_BYTES, Mutation, boundary_value
from tests.fuzz.chunked_files import (
    change_tree,
    parse_boxes,
    parse_ebml,
    parse_riff,
    write_boxes,
    write_ebml,
    write_riff,
)

_TS_PACKET = 188
_HUGE = (65_535, 100_000, 16_000, 50_000_000, 10**9, 2**31 - 1, 2**32 - 1)
# Fields of boxes that say how many, how large and how long: name -> places in the content, of four bytes each.
_BOX_FIELDS: dict[bytes, tuple[int, ...]] = {
    b"stts": (4, 8, 12),
    b"stsz": (4, 8, 12),
    b"stsc": (4, 8, 12, 16),
    b"stco": (4, 8),
    b"stss": (4, 8),
    b"ctts": (4, 8, 12),
    b"elst": (4, 8, 12, 16),
    b"tkhd": (8, 12, 20, 40, 44, 52, 56, 60, 76, 80),
    b"mvhd": (12, 16, 20),
    b"mdhd": (12, 16),
    b"stsd": (4,),
    b"avc1": (24, 40, 44),
    b"mp4v": (24, 40, 44),
    b"trun": (4, 8, 12, 16, 20, 24),
    b"tfdt": (4, 8),
    b"tfhd": (4, 8, 12),
    b"trex": (4, 8, 12, 16, 20),
}
# Element IDs of Matroska: sizes of the picture, durations, clocks, time stamps.
_EBML_FIELDS = tuple(
    map(bytes.fromhex, ("b0", "ba", "54b0", "54ba", "23e383", "2ad7b1", "4489", "e7", "9b", "b3", "f1", "53ac"))
)


def promise_in_boxes(content: bytes, draw: random.Random) -> bytes:
    """A count, size or duration of an MP4 file becomes huge."""
    tree = parse_boxes(content)
    known = [chunk for chunk in tree.walk() if chunk.name in _BOX_FIELDS]
    if known:
        chunk = draw.choice(known)
        for place in draw.sample(_BOX_FIELDS[chunk.name], draw.choice((1, min(2, len(_BOX_FIELDS[chunk.name]))))):
            if place + 4 <= len(chunk.content):
                value = draw.choice((draw.choice(_HUGE), boundary_value(draw, 4))).to_bytes(4, "big")
                chunk.content = chunk.content[:place] + value + chunk.content[place + 4 :]
    return write_boxes(tree)


def promise_in_elements(content: bytes, draw: random.Random) -> bytes:
    """A size of the picture, a duration or a time stamp of a Matroska file becomes huge."""
    tree = parse_ebml(content)
    known = [chunk for chunk in tree.walk() if chunk.name in _EBML_FIELDS]
    if known:
        width = draw.choice((2, 4, 8))
        draw.choice(known).content = boundary_value(draw, width).to_bytes(width, "big")
    return write_ebml(tree)


def promise_in_riff(content: bytes, draw: random.Random) -> bytes:
    """A field of an AVI header, of a stream's format or of the index becomes huge."""
    tree = parse_riff(content)
    headers = [c for c in tree.walk() if c.name in (b"avih", b"strh", b"strf", b"idx1", b"indx") and len(c.content) > 7]
    if headers:
        chunk = draw.choice(headers)
        place = draw.randrange(len(chunk.content) // 4) * 4
        value = draw.choice(_HUGE).to_bytes(4, "little")
        chunk.content = chunk.content[:place] + value + chunk.content[place + 4 :]
    return write_riff(tree)


def change_packets(content: bytes, draw: random.Random) -> bytes:
    """Packets of a transport stream get another stream's number, are lost, repeated or swapped."""
    packets = [content[i : i + _TS_PACKET] for i in range(0, len(content), _TS_PACKET)]
    if len(packets) < 3:
        return content
    place = draw.randrange(len(packets) - 1)
    kind = draw.choice(("pid", "lost", "repeated", "swapped", "counter", "adaptation"))
    packet = bytearray(packets[place])
    if kind == "pid":
        packet[1:3] = draw.choice((0, 0x10, 0x11, 0x100, 0x101, 0x1000, 0x1FFF)).to_bytes(2, "big")
    elif kind == "counter":
        packet[3] ^= draw.randrange(1, 256)
    elif kind == "adaptation":
        packet[3:5] = bytes((0x30 | packet[3] & 0xF, draw.choice((0, 1, 7, 183, 184, 255))))
    packets[place] = bytes(packet)
    if kind == "lost":
        del packets[place : place + draw.choice((1, 1, 5))]
    elif kind == "repeated":
        packets[place:place] = packets[place : place + 1] * draw.choice((1, 5))
    elif kind == "swapped":
        packets[place], packets[place + 1] = packets[place + 1], packets[place]
    return b"".join(packets)


def change_clock(content: bytes, draw: random.Random) -> bytes:
    """A time stamp of an MPEG stream (33 bits in five bytes after the head of a packet) becomes any other."""
    heads = [i for i in _places(content, b"\0\0\1\xe0") if i + 19 <= len(content)]
    if not heads:
        return content
    changed = bytearray(content)
    at = draw.choice(heads) + 9
    pts = draw.choice((0, 1, 2**32, 2**33 - 1, draw.randrange(2**33)))
    flag = changed[at] & 0xF0
    changed[at : at + 5] = bytes(
        (flag | pts >> 29 & 0xE | 1, pts >> 22 & 0xFF, pts >> 14 & 0xFE | 1, pts >> 7 & 0xFF, pts << 1 & 0xFE | 1)
    )
    return bytes(changed)


def change_flv_tag(content: bytes, draw: random.Random) -> bytes:
    """A tag of an FLV file gets another kind, size or time stamp."""
    tags, at = [], 13
    while at + 11 <= len(content):
        tags.append(at)
        at += 15 + int.from_bytes(content[at + 1 : at + 4], "big")
    if not tags:
        return content
    changed, tag = bytearray(content), draw.choice(tags)
    if draw.random() < 0.2:
        changed[tag] = draw.choice((8, 9, 18, 0, 255))
    elif draw.random() < 0.5:
        changed[tag + 4 : tag + 8] = draw.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", draw.randbytes(4)))
    else:
        changed[tag + 1 : tag + 4] = draw.choice((0, 1, 2**24 - 1, draw.randrange(2**24))).to_bytes(3, "big")
    return bytes(changed)


def change_gif_size(content: bytes, draw: random.Random) -> bytes:
    """The screen or a picture of a GIF becomes another size."""
    places = [6, *(i + 5 for i in _places(content, b"\x2c\0\0\0\0"))]
    at = draw.choice(places)
    sizes = (0, 1, 63, 16_000, 32_767, 32_768, 65_535)
    size = b"".join(draw.choice(sizes).to_bytes(2, "little") for _ in range(2))
    return content[:at] + size + content[at + 4 :]


def change_picture_size(content: bytes, draw: random.Random) -> bytes:
    """A keyframe of VP8 says another size, which is 14 bits a side."""
    places = _places(content, b"\x9d\x01\x2a")
    if not places:
        return content
    at = draw.choice(places) + 3
    size = b"".join(draw.choice((0, 1, 62, 66, 1_000, 16_000, 16_383)).to_bytes(2, "little") for _ in range(2))
    return content[:at] + size + content[at + 4 :]


def _places(content: bytes, what: bytes) -> list[int]:
    places, at = [], content.find(what)
    while at >= 0:
        places.append(at)
        at = content.find(what, at + 1)
    return places


_BOX_TREE: Mutation = partial(change_tree, parse_boxes, write_boxes)
_EBML_TREE: Mutation = partial(change_tree, parse_ebml, write_ebml)
_RIFF_TREE: Mutation = partial(change_tree, parse_riff, write_riff)
_OF_CONTAINER: dict[str, tuple[Mutation, ...]] = {
    ".mp4": (_BOX_TREE, promise_in_boxes),
    ".mov": (_BOX_TREE, promise_in_boxes),
    ".mkv": (_EBML_TREE, promise_in_elements),
    ".webm": (_EBML_TREE, promise_in_elements, change_picture_size),
    ".avi": (_RIFF_TREE, promise_in_riff),
    ".ts": (change_packets, change_clock),
    ".mpg": (change_clock,),
    ".flv": (change_flv_tag,),
    ".gif": (change_gif_size,),
}


def mutations_of(suffix: str) -> tuple[Mutation, ...]:
    """What is done to a file with this suffix: half of the time what knows its container, where something does."""
    known = _OF_CONTAINER.get(suffix, ())
    return ANY_BYTES + known * (len(ANY_BYTES) // len(known) if known else 0)
