"""Mutations of bytes of any kind; a seeded generator decides everything, so that a number makes a case again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, random.Random], bytes]

BOUNDARIES = (
    *(0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 16_000, 100_000, 50_000_000, 10**9),
    *(2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1),
)
LONGEST_BYTES = 300_000
"""Beyond this nothing is made longer: several mutations, each of which repeats something, would fill the memory."""

_LONGEST_BLOCK = 200


def mutated(content: bytes, draw: random.Random, kinds: Sequence[Mutation]) -> bytes:
    """Content after one to four mutations, more often one.

    Args:
        content: A sound file.
        draw: What decides.
        kinds: The mutations that are drawn from; one that is named twice is drawn twice as often.
    """
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        if len(content) <= LONGEST_BYTES:
            content = draw.choice(kinds)(content, draw)
    return content


def boundary_value(draw: random.Random, n_bytes: int) -> int:
    """A value at which something may overflow, of so many bytes."""
    return draw.choice([value for value in BOUNDARIES if value < 256**n_bytes])


def flip_bits(content: bytes, draw: random.Random) -> bytes:
    """Flips 1 to 16 bits, near each other or anywhere."""
    if not content:
        return content
    changed = bytearray(content)
    start = draw.randrange(len(changed))
    reach = draw.choice((4, 64, len(changed)))
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        changed[(start + draw.randrange(reach)) % len(changed)] ^= 1 << draw.randrange(8)
    return bytes(changed)


def overwrite_field(content: bytes, draw: random.Random) -> bytes:
    """Writes a boundary value over 1, 2, 4 or 8 bytes, in either byte order."""
    width = draw.choice((1, 2, 4, 8))
    if len(content) < width:
        return content
    start = draw.randrange(len(content) - width + 1)
    value = boundary_value(draw, width).to_bytes(width, draw.choice(("big", "little")))
    return content[:start] + value + content[start + width :]


def fill_block(content: bytes, draw: random.Random) -> bytes:
    """A block becomes zeros, ones or noise."""
    start, end = _block(content, draw)
    fill = draw.choice((b"\0" * (end - start), b"\xff" * (end - start), draw.randbytes(end - start)))
    return content[:start] + fill + content[end:]


def delete_block(content: bytes, draw: random.Random) -> bytes:
    """A block is gone."""
    start, end = _block(content, draw)
    return content[:start] + content[end:]


def insert_block(content: bytes, draw: random.Random) -> bytes:
    """Another place's block, zeros or noise are put in between."""
    start, end = _block(content, draw)
    block = draw.choice((content[start:end], b"\0" * (end - start), draw.randbytes(end - start)))
    place = draw.randrange(len(content) + 1)
    return content[:place] + block + content[place:]


def swap_blocks(content: bytes, draw: random.Random) -> bytes:
    """Two neighbours change places."""
    start, end = _block(content, draw)
    after = min(len(content), end + draw.randrange(1, _LONGEST_BLOCK))
    return content[:start] + content[end:after] + content[start:end] + content[after:]


def truncate(content: bytes, draw: random.Random) -> bytes:
    """The end, or all but the very beginning, is gone."""
    return content[: draw.choice((draw.randrange(len(content) + 1), draw.randrange(1 + min(64, len(content)))))]


def append(content: bytes, draw: random.Random) -> bytes:
    """More follows: the file once more, noise, or zeros."""
    return content + draw.choice((content, draw.randbytes(draw.randrange(300)), b"\0" * draw.randrange(300)))


ANY_BYTES: tuple[Mutation, ...] = (
    *(flip_bits, flip_bits, overwrite_field, overwrite_field, fill_block),
    *(delete_block, insert_block, swap_blocks, truncate, append),
)


def _block(content: bytes, draw: random.Random) -> tuple[int, int]:
    start = draw.randrange(len(content) + 1)
    return start, min(len(content), start + draw.choice((1, 2, 4, 8, 16, draw.randrange(1, _LONGEST_BLOCK))))
