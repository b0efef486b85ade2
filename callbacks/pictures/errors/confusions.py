"""The confusions of one test set: counts, what they are of, and what a picture of them shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.callbacks.pictures.errors.class_table import (
    ClassRow,
    ConfusionCluster,
    check_counts,
    class_rows,
    confusion_clusters,
)
from zsar.callbacks.pictures.errors.short_names import short_names


@dataclass(frozen=True, eq=False)
class Confusions:
    """What the videos of a set are taken for.

    Attributes:
        set_name: The set.
        names: C class names.
        counts: int64 [C, C], videos of each class (row) by prediction (column).
        undecodable: int64 [C], videos of each class that could not be decoded; they count as wrong.
        n_listed: Number of videos of the set, which a limited test does not reach.
    """

    set_name: str
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    undecodable: NDArray[np.int64]
    n_listed: int

    def __post_init__(self) -> None:
        """Checks that counts and names fit."""
        check_counts(self.counts, self.names)

    @property
    def n(self) -> int:
        """Number of tested videos, with those that could not be decoded."""
        return int(self.counts.sum() + self.undecodable.sum())

    @property
    def n_right(self) -> int:
        """Number of recognized videos."""
        return int(np.trace(self.counts))

    @cached_property
    def rows(self) -> list[ClassRow]:
        """A row for each class, worst first."""
        return class_rows(self.counts, self.names, undecodable=self.undecodable)

    @cached_property
    def clusters(self) -> list[ConfusionCluster]:
        """Groups of classes that are taken for each other."""
        return confusion_clusters(self.counts)

    @cached_property
    def lead_and_short_names(self) -> tuple[str, tuple[str, ...]]:
        """The words that all names begin with, and the names without them (`short_names`)."""
        return short_names(self.names)

    @property
    def summary(self) -> str:
        """The result in a line: "novel: 12 of 40 videos right (30.0 %), 4 classes, 2 not decoded"."""
        percent = f" ({100 * self.n_right / self.n:.1f} %)" if self.n else ""
        classes = "1 class" if len(self.names) == 1 else f"{len(self.names):,} classes"
        parts = [f"{self.set_name}: {self.n_right:,} of {self.n:,} videos right{percent}", classes]
        if missing := int(self.undecodable.sum()):
            parts.append(f"{missing:,} not decoded")
        if self.n != self.n_listed:
            parts.append(f"limited test, {self.n_listed:,} are listed")
        return ", ".join(parts)

    def taken_for(self, index: int) -> list[tuple[int, int]]:
        """The other classes that a class is taken for: their indices and numbers of videos, the most frequent first."""
        others = [(i, int(n)) for i, n in enumerate(self.counts[index].tolist()) if n and i != index]
        return sorted(others, key=lambda pair: -pair[1])

    def to_dict(self) -> dict[str, Any]:
        """The complete matrix as JSON holds it: of the cells only those that are not zero."""
        cells = [[int(i), int(j), int(self.counts[i, j])] for i, j in np.argwhere(self.counts)]
        return {
            "set": self.set_name,
            "n": self.n,
            "n_listed": self.n_listed,
            "n_right": self.n_right,
            "classes": list(self.names),
            "cells": cells,
            "cells_are": "index of the true class, index of the predicted class, number of videos",
            "undecodable": self.undecodable.tolist(),
            "clusters": [cluster.to_dict(self.names) for cluster in self.clusters],
        }


def chosen_classes(confusions: Confusions, most: int) -> tuple[list[int], list[list[int]]]:
    """The classes that a picture of the matrix shows, and their order.

    Args:
        confusions: The confusions of a set.
        most: The largest number of classes.

    Returns:
        Class indices: groups of confused classes next to each other, as long as they fit, then the others, worst first;
        and the groups among them. A group that does not fit is left out, its classes compete with the others.
    """
    groups: list[list[int]] = []
    for cluster in confusions.clusters:
        if sum(map(len, groups)) + len(cluster.classes) <= most:
            groups.append(list(cluster.classes))
    grouped = [index for group in groups for index in group]
    number = {name: index for index, name in enumerate(confusions.names)}
    others = [number[row.name] for row in confusions.rows if number[row.name] not in set(grouped)]
    return (grouped + others)[:most], groups
