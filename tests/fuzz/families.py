"""The families of cases: videos and text; and readers with faults, by which the harness is tested."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import bad_readers, text_cases, video_cases


@dataclass(frozen=True)
class Family:
    """Sound files of a kind and what is done with them.

    Attributes:
        names: The sound files.
        write_seeds: Writes them into a folder.
        mutate: Name, content and what decides -> the mutated content.
        exercise: Name, mutated file and number of the case -> kind and detail of the outcome.
    """

    names: Collection[str]
    write_seeds: Callable[[Path], None]
    mutate: Callable[[str, bytes, random.Random], bytes]
    exercise: Callable[[str, Path, int], tuple[str, str]]


FAMILIES: Mapping[str, Family] = {
    "video": Family(tuple(video_cases.SEEDS), video_cases.write_seeds, video_cases.mutate, video_cases.exercise),
    "text": Family(tuple(text_cases.READERS), text_cases.write_seeds, text_cases.mutate, text_cases.exercise),
}
WITH_BAD_READERS: Mapping[str, Family] = {
    **FAMILIES,
    "bad readers": Family(
        tuple(bad_readers.READERS), bad_readers.write_seeds, bad_readers.mutate, bad_readers.exercise
    ),
}
