"""What a miniature holds, so that a test can compare what a data module lists with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from zsar.datamodules.class_text.vocabulary import exact_names

Clips = frozenset[tuple[str, str]]
"""(file stem, exact class name) of each clip."""


class Instance(NamedTuple):
    """A stretch of an untrimmed video in which its class is seen."""

    stem: str
    class_name: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class Truth:
    """What a miniature holds.

    Attributes:
        folder: The folder of the data set, below the data root.
        class_names: The classes that have clips, in the official order.
        clips: The labelled files by (subset, split), named as in the official files. The split is 1 where there is one.
        unlabelled: Stems of the files that no annotation gives a class.
        absent: Labelled clips by (subset, split) whose annotations are there and whose files are not.
        instances: Of an untrimmed data set, by subset.
        ambiguous: Of THUMOS14, by subset: (stem, start_seconds, end_seconds).
        durations_seconds: Of an untrimmed data set, by stem.
    """

    folder: Path
    class_names: tuple[str, ...]
    clips: Mapping[tuple[str, int], Clips]
    unlabelled: frozenset[str] = frozenset()
    absent: Mapping[tuple[str, int], Clips] = field(default_factory=dict)
    instances: Mapping[str, frozenset[Instance]] = field(default_factory=dict)
    ambiguous: Mapping[str, frozenset[tuple[str, float, float]]] = field(default_factory=dict)
    durations_seconds: Mapping[str, float] = field(default_factory=dict)

    def stems(self) -> frozenset[str]:
        """The stems of all files on disk."""
        return frozenset(stem for clips in self.clips.values() for stem, _ in clips) | self.unlabelled


def in_official_order(vocabulary: str, class_names: Iterable[str]) -> tuple[str, ...]:
    """The classes in the order of the official list."""
    return tuple(sorted(class_names, key=exact_names(vocabulary).index))
