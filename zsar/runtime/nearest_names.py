"""Suggestions for a misspelled name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 3


def nearest_names(name: str, names: Iterable[str]) -> list[str]:
    """The most similar names, ignoring case; empty if none is similar.

    Args:
        name: The name as written.
        names: The known names.
    """
    by_lower_case = {known.lower(): known for known in names}
    return [by_lower_case[match] for match in get_close_matches(name.lower(), by_lower_case, n=_SHOWN)]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question to append to a message about an unknown name: "; did you mean A or B?", or "".

    Args:
        name: The name as written.
        names: The known names.
    """
    nearest = nearest_names(name, names)
    return f"; did you mean {' or '.join(nearest)}?" if nearest else ""
