"""Files of nested chunks (MP4 and MOV boxes, RIFF chunks of AVI, EBML elements of Matroska) as trees that are changed.

Reading and writing a sound file gives the same tree again. What is changed gets right sizes around it, so that a change
reaches the code that reads its chunk; wrong sizes are a change of their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.fuzz.byte_mutations import LONGEST_BYTES, boundary_value, fill_block, flip_bits, truncate


@dataclass
class Chunk:
    """A chunk.

    Attributes:
        name: Its kind, as the file writes it.
        content: The bytes before the chunks that it holds; all of them where it holds none.
        inner: The chunks that it holds.
        stated_size: What the file shall say of its size instead of the truth; None for the truth.
    """

    name: bytes
    content: bytes = b""
    inner: list[Chunk] = field(default_factory=list)
    stated_size: int | None = None

    def walk(self) -> Iterator[Chunk]:
        """The chunk and all within."""
        yield self
        for chunk in self.inner:
            yield from chunk.walk()

    def copy(self) -> Chunk:
        """The same once more."""
        return Chunk(self.name, self.content, [chunk.copy() for chunk in self.inner], self.stated_size)


Parse = Callable[[bytes], Chunk]
Write = Callable[[Chunk], bytes]

# Chunks that hold chunks, by kind of file; and how many bytes come before these.
_BOXES = {name: 0 for name in b"moov trak mdia minf stbl edts dinf mvex moof traf udta".split()}
_BOXES |= {b"meta": 4, b"stsd": 8, b"dref": 8, b"avc1": 78, b"mp4v": 78, b"hev1": 78}
_LISTS = {b"RIFF": 4, b"LIST": 4}
_MASTERS = {
    bytes.fromhex(name): 0
    for name in [
        "18538067",
        "114d9b74",
        "4dbb",
        "1549a966",
        "1654ae6b",
        "ae",
        "e0",
        "e1",
        "1f43b675",
        "a0",
        "1c53bb6b",
        "bb",
        "b7",
        "1254c367",
        "7373",
    ]
}


def parse_boxes(content: bytes) -> Chunk:
    """The boxes of an MP4 or MOV file, within a chunk without a name."""
    return Chunk(b"", inner=list(_boxes(content)))


def write_boxes(chunk: Chunk) -> bytes:
    """The file of a tree of boxes."""
    inner = chunk.content + b"".join(map(write_boxes, chunk.inner))
    if not chunk.name:
        return inner
    size = len(inner) + 8 if chunk.stated_size is None else chunk.stated_size
    if size < 2**32 and chunk.stated_size != 1:
        return size.to_bytes(4, "big") + chunk.name + inner
    return (1).to_bytes(4, "big") + chunk.name + (size % 2**64).to_bytes(8, "big") + inner


def _boxes(content: bytes) -> Iterator[Chunk]:
    while len(content) >= 8:
        size, name = int.from_bytes(content[:4], "big"), content[4:8]
        size = min(max(size, 8), len(content)) if size else len(content)
        body, content = content[8:size], content[size:]
        yield _parsed(name, body, _BOXES.get(name), _boxes)


def parse_riff(content: bytes) -> Chunk:
    """The chunks of an AVI file, within a chunk without a name."""
    return Chunk(b"", inner=list(_riff(content)))


def write_riff(chunk: Chunk) -> bytes:
    """The file of a tree of chunks."""
    inner = chunk.content + b"".join(map(write_riff, chunk.inner))
    if not chunk.name:
        return inner
    size = len(inner) if chunk.stated_size is None else chunk.stated_size % 2**32
    return chunk.name + size.to_bytes(4, "little") + inner + b"\0" * (len(inner) % 2)


def _riff(content: bytes) -> Iterator[Chunk]:
    while len(content) >= 8:
        name, size = content[:4], int.from_bytes(content[4:8], "little")
        body, content = content[8 : 8 + size], content[8 + size + size % 2 :]
        yield _parsed(name, body, _LISTS.get(name), _riff)


def _parsed(name: bytes, body: bytes, before: int | None, inner: Callable[[bytes], Iterator[Chunk]]) -> Chunk:
    """A chunk; where it holds others after its first bytes, with these."""
    if before is None or len(body) < before:
        return Chunk(name, body)
    return Chunk(name, body[:before], list(inner(body[before:])))


def parse_ebml(content: bytes) -> Chunk:
    """The elements of a Matroska or WebM file, within one without a name."""
    return Chunk(b"", inner=list(_ebml(content)))


def write_ebml(chunk: Chunk) -> bytes:
    """The file of a tree of elements; all sizes take eight bytes."""
    inner = chunk.content + b"".join(map(write_ebml, chunk.inner))
    if not chunk.name:
        return inner
    size = len(inner) if chunk.stated_size is None else chunk.stated_size % 2**56
    return chunk.name + (2**56 + size).to_bytes(8, "big") + inner


def _ebml(content: bytes) -> Iterator[Chunk]:
    while content:
        n_name = 9 - content[0].bit_length()
        n_size = 9 - content[n_name].bit_length() if len(content) > n_name else 9
        name, start = content[:n_name], n_name + n_size
        if n_name > 4 or n_size > 8 or len(content) < start:
            return
        size = int.from_bytes(content[n_name:start], "big") - (1 << 7 * n_size)
        body, content = content[start : start + size], content[start + size :]
        yield Chunk(name, inner=list(_ebml(body))) if name in _MASTERS else Chunk(name, body)


def change_tree(parse: Parse, write: Write, content: bytes, draw: random.Random) -> bytes:
    """Changes one chunk of a file.

    Args:
        parse: Reads the tree.
        write: Writes it.
        content: The file, sound or changed already.
        draw: What decides.
    """
    tree = parse(content)
    parents = [chunk for chunk in tree.walk() if chunk.inner]
    if not parents:
        return content
    parent = draw.choice(parents)
    place = draw.randrange(len(parent.inner))
    chunk = parent.inner[place]
    kind = draw.choice(("field", "field", "field", "field", "size", "remove", "repeat", "move", "rename", "content"))
    if kind == "field":
        _change_field(draw.choice([c for c in tree.walk() if c.content] or [chunk]), draw)
    elif kind == "size":
        true_size = len(write(chunk))
        chunk.stated_size = draw.choice((boundary_value(draw, 8), max(0, true_size + draw.randrange(-16, 17))))
    elif kind == "remove":
        del parent.inner[place]
    elif kind == "repeat":
        n_copies = min(draw.choice((1, 1, 3, 50)), 1 + LONGEST_BYTES // (1 + len(write(chunk))))
        parent.inner[place:place] = [chunk.copy() for _ in range(n_copies)]
    elif kind == "move":
        draw.choice(parents).inner.append(chunk.copy())
    elif kind == "rename":
        same_length = [c.name for c in tree.walk() if len(c.name) == len(chunk.name)]
        chunk.name = draw.choice([*same_length, chunk.name[::-1]])
    else:
        chunk.content = draw.choice((fill_block, truncate, flip_bits))(chunk.content, draw)
    return write(tree)


def _change_field(chunk: Chunk, draw: random.Random) -> None:
    """Writes a boundary value over a field, of the beginning more often, where headers and counts are."""
    width = min(draw.choice((1, 2, 4, 4, 4, 8)), len(chunk.content))
    last = len(chunk.content) - width
    start = draw.choice((draw.randrange(last + 1), draw.randrange(min(last, 32) + 1))) // width * width
    value = boundary_value(draw, width).to_bytes(width, draw.choice(("big", "little")))
    chunk.content = chunk.content[:start] + value + chunk.content[start + width :]
