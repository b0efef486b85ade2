"""Class names without the words that all of them begin with, since a picture has room for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

_SHORTEST_LEAD = 8  # characters; it is not worth a line of explanation to leave out fewer


def short_names(names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Leaves out the words that all names begin with.

    Args:
        names: Class names, all different.

    Returns:
        These words, "a photo of a", and the rest of each name, at least a word; no words and the names as they are if
        that would save little.
    """
    if len(names) > 1:
        words = [name.split(" ") for name in (min(names), max(names))]  # what these two share, all share
        common = takewhile(lambda pair: pair[0] == pair[1], zip(*(w[:-1] for w in words), strict=False))
        lead = " ".join(first for first, _ in common)
        if len(lead) >= _SHORTEST_LEAD and all(name[len(lead) :].strip() for name in names):
            return lead, tuple(name[len(lead) + 1 :] for name in names)
    return "", tuple(names)


def explained(lead: str) -> str:
    """What a picture says of the words that it leaves out; empty if there are none.

    Args:
        lead: The words.
    """
    return f"; each name begins with “{lead}”" if lead else ""
