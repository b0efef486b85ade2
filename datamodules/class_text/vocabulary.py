"""The class names of the known data sets, exactly as their makers write them, and cleaned for people and models.

A cleaned name is what tables show, what class text is keyed by and what templates are filled with:
"ApplyEyeMakeup" -> "apply eye makeup", "brush_hair" -> "brush hair", "Moving [something] up" -> "moving something up".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from datamodules.text_tables import read_lines

FOLDER = Path(__file__).parent / "vocabularies"

_WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ACRONYM = re.compile(r"[A-Z]{2,}s?")


def exact_names(data_set: str) -> tuple[str, ...]:
    """The class names of a data set as its makers write them, in the order of its official labels.

    Sources: UCF-101 classInd.txt; HMDB-51 folder names; Kinetics-400 and -600 label lists (alphabetical);
    Something-Something v2 labels.json; ActivityNet v1.3; THUMOS14 detection classes (alphabetical).

    Args:
        data_set: ucf101, hmdb51, kinetics400, kinetics600, ssv2, activitynet or thumos14.

    Raises:
        ValueError: There is no such vocabulary.
    """
    path = FOLDER / f"{data_set}.txt"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.txt")))
        raise ValueError(f"there is no vocabulary {data_set!r}; it is one of {known}")
    return tuple(line.name for line in read_lines(path, "vocabulary", comments=False))


def clean_name(exact: str) -> str:
    """A class name in plain words: lower case but for acronyms, words apart, placeholders without brackets."""
    spaced = _WORD_BOUNDARY.sub(" ", exact.replace("_", " ").replace("[", "").replace("]", ""))
    return " ".join(word if _ACRONYM.fullmatch(word) else word.lower() for word in spaced.split())


def clean_names(exact: Sequence[str]) -> tuple[str, ...]:
    """Cleaned names in the same order.

    Raises:
        ValueError: Two names become the same.
    """
    cleaned = tuple(clean_name(name) for name in exact)
    first: dict[str, str] = {}
    for name, clean in zip(exact, cleaned, strict=True):
        if first.setdefault(clean, name) != name:
            raise ValueError(f"the class names {first[clean]!r} and {name!r} are both {clean!r} when cleaned")
    return cleaned
