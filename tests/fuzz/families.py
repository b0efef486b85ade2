"""The families of cases: videos and text; videos that promise too much; readers with faults, to test the harness."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import bad_readers, promising_videos, text_cases, video_cases


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
ALL_FAMILIES: Mapping[str, Family] = {
    **FAMILIES,
    "promises": Family(
        tuple(promising_videos.PROMISES),
        promising_videos.write_seeds,
        promising_videos.mutate,
        promising_videos.exercise,
    ),
    "bad readers": Family(
        tuple(bad_readers.READERS), bad_readers.write_seeds, bad_readers.mutate, bad_readers.exercise
    ),
}
