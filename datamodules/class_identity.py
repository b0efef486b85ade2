"""Class names cleaned for people and models, and which of them name the same class.

A cleaned name is what tables show, what class text is keyed by and what templates are filled with:
"ApplyEyeMakeup" -> "apply eye makeup", "brush_hair" -> "brush hair", "Moving [something] up" -> "moving something up".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from zsar.runtime.text.text_files import shown

_WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_ACRONYM = re.compile(r"[A-Z]{2,}s?")


def clean_name(exact: str) -> str:
    """A class name in plain words: lower case but for acronyms, words apart, placeholders without brackets."""
    spaced = _WORD_BOUNDARY.sub(" ", exact.replace("_", " ").replace("[", "").replace("]", ""))
    return " ".join(word if _ACRONYM.fullmatch(word) else word.lower() for word in spaced.split())


def class_identity(name: str) -> str:
    """What is equal for two names exactly where they are one class: its cleaned name, whatever its case and hyphens.

    "Arm Wrestling", "arm_wrestling", "ArmWrestling" and "arm-wrestling" are one class: a model reads them much alike,
    and one of two such classes would be told from the other by chance.

    Args:
        name: A class name, in whatever spelling.
    """
    clean = clean_name(unicodedata.normalize("NFC", name))
    return unicodedata.normalize("NFC", _HYPHEN.sub(" ", clean).casefold())


def find_same_classes(names: Iterable[str]) -> list[tuple[int, int]]:
    """Which names are one class.

    Args:
        names: Class names, in whatever spelling.

    Returns:
        For each name whose class an earlier one names: the index of the first of them, and its own.
    """
    first: dict[str, int] = {}
    found = ((first.setdefault(class_identity(name), index), index) for index, name in enumerate(names))
    return [(before, index) for before, index in found if before != index]


def clean_names(exact: Sequence[str]) -> tuple[str, ...]:
    """Cleaned names in the same order.

    Raises:
        ValueError: Two names are one class.
    """
    cleaned = tuple(clean_name(name) for name in exact)
    for before, index in find_same_classes(exact):
        if exact[before] == exact[index]:
            raise ValueError(f"the class name {shown(exact[index])} is listed twice; list each class once")
        raise ValueError(
            f"the class names {exact[before]!r} and {exact[index]!r} are both {cleaned[index]!r} when cleaned; list "
            "each class once"
        )
    return cleaned
