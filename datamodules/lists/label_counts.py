"""How many classes the videos of a set show, where each may show several or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zsar.datamodules.lists.video_table import VideoTable


@dataclass(frozen=True)
class LabelCounts:
    """The labels of a set.

    Attributes:
        n_positives: Number of videos that show each class, by its name, in label order.
        videos_by_labels: Number of videos that show 0, 1, 2, ... classes; of the numbers that occur, ascending.
    """

    n_positives: dict[str, int]
    videos_by_labels: dict[int, int]

    @property
    def without_positives(self) -> list[str]:
        """The classes that no video shows: they have no average precision."""
        return [name for name, n in self.n_positives.items() if n == 0]

    @property
    def mean(self) -> float:
        """Classes per video; 0 without videos."""
        n_videos = sum(self.videos_by_labels.values())
        return sum(n * videos for n, videos in self.videos_by_labels.items()) / n_videos if n_videos else 0.0


def count_labels(table: VideoTable, names: Sequence[str]) -> LabelCounts:
    """Counts the labels of a set.

    Args:
        table: Its videos, with `label_sets`.
        names: Its C class names, in label order.

    Raises:
        ValueError: Its videos have one label each.
    """
    if table.label_sets is None:
        raise ValueError(f"the {len(table)} videos of {table.root} have one label each; there are no sets to count")
    numbers, videos = np.unique(table.label_sets.sum(axis=1), return_counts=True)
    positives = table.label_sets.sum(axis=0).tolist()
    return LabelCounts(
        n_positives=dict(zip(names, positives, strict=True)),
        videos_by_labels=dict(zip(numbers.tolist(), videos.tolist(), strict=True)),
    )


def counts_of_sets(sets: Mapping[str, VideoTable], classes: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """The fields of `LabelCounts` for each set, for results.json.

    Args:
        sets: Videos with `label_sets`, by the set's name.
        classes: Class names of sets, in label order; sets that are not among them are left out.
    """
    return {name: asdict(count_labels(sets[name], classes[name])) for name in sorted(sets.keys() & classes.keys())}
