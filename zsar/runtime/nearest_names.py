"""The names that someone who wrote an unknown one may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 3


def nearest_names(name: str, names: Iterable[str]) -> list[str]:
    """The most similar of the names, without regard to case; none where nothing is similar.

    Args:
        name: What was written.
        names: What there is.
    """
    by_lower_case = {known.lower(): known for known in names}
    return [by_lower_case[match] for match in get_close_matches(name.lower(), by_lower_case, n=_SHOWN)]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question to be put behind a sentence about an unknown name: "; did you mean A or B?", or nothing.

    Args:
        name: What was written.
        names: What there is.
    """
    found = nearest_names(name, names)
    return f"; did you mean {' or '.join(found)}?" if found else ""
