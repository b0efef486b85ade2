"""Seeds derived from names, independent of order, process and platform."""

from __future__ import annotations

import hashlib


def derive_seed(*parts: int | str) -> int:
    """A seed for one purpose.

    Args:
        parts: The purpose of the seed: the run's seed, a name, an epoch, an index, ...

    Returns:
        An integer in [0, 2^63), from SHA-256.
    """
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") >> 1
