"""Seeds derived from names: the same everywhere, whatever the order, the process or the platform."""

from __future__ import annotations

import hashlib


def derive_seed(*parts: int | str) -> int:
    """A seed for one purpose.

    Args:
        parts: What the seed is for: the run's seed, a purpose, an epoch, an index, ...

    Returns:
        An integer in [0, 2^63), from SHA-256.
    """
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") >> 1
