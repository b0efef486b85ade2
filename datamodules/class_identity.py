"""Clean class names for people and models, and which names mean the same class.

Clean names appear in tables, are the keys of class text, and fill templates:
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
    """A class name in plain words: lower case except acronyms, words separated, placeholders without brackets."""
    spaced = _WORD_BOUNDARY.sub(" ", exact.replace("_", " ").replace("[", "").replace("]", ""))
    return " ".join(word if _ACRONYM.fullmatch(word) else word.lower() for word in spaced.split())


def class_identity(name: str) -> str:
    """A key that two names share if and only if they mean the same class: the clean name without case and hyphens.

    "Arm Wrestling", "arm_wrestling", "ArmWrestling" and "arm-wrestling" are one class: to a model they look nearly the
    same, and it could only guess between two such classes.

    Args:
        name: A class name, in any spelling.
    """
    clean = clean_name(unicodedata.normalize("NFC", name))
    return unicodedata.normalize("NFC", _HYPHEN.sub(" ", clean).casefold())


def find_same_classes(names: Iterable[str]) -> list[tuple[int, int]]:
    """Finds names that mean the same class as an earlier name.

    Args:
        names: Class names, in any spelling.

    Returns:
        For each such name: the index of the first name of its class, and its own index.
    """
    first: dict[str, int] = {}
    pairs = ((first.setdefault(class_identity(name), index), index) for index, name in enumerate(names))
    return [(before, index) for before, index in pairs if before != index]


def clean_names(exact: Sequence[str]) -> tuple[str, ...]:
    """Clean names in the same order.

    Raises:
        ValueError: Two names mean the same class.
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
