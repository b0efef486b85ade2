"""The numbers of a confusion matrix: counts, a row for each class, and groups of classes taken for each other.

NumPy alone, so that a report computes the same numbers from a table of predictions. Videos that could not be decoded
have no prediction (-1): they count as wrong, as in `results.json`, but they are not taken for any class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

NO_PREDICTION = -1  # of a video that could not be decoded


@dataclass(frozen=True)
class ClassRow:
    """One class of a test set.

    Attributes:
        name: The class.
        n: Number of its videos, with those that could not be decoded.
        top1: Share of them that is recognized, from 0 to 1; None without a video.
        confused_with: The other class that they are most often taken for, the first in class order of several; None if
            none is taken for another class.
        n_confused: Number of its videos taken for that class.
        n_undecodable: Number of its videos that could not be decoded.
    """

    name: str
    n: int
    top1: float | None
    confused_with: str | None
    n_confused: int
    n_undecodable: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class ConfusionCluster:
    """A group of classes that are taken for each other.

    Attributes:
        classes: Their indices, ascending.
        n: Number of their videos, without those that could not be decoded.
        n_wrong: Number of these that are taken for another class.
        n_within: Number of these that are taken for another class of the group.
    """

    classes: tuple[int, ...]
    n: int
    n_wrong: int
    n_within: int

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """The group as JSON holds it, with the names of its classes."""
        return {**asdict(self), "classes": [names[index] for index in self.classes]}


def counts_of(labels: ArrayLike, predictions: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Counts which class is taken for which.

    Args:
        labels: int [N], true classes, 0-based.
        predictions: int [N], predicted classes; -1 for a video that could not be decoded, which is left out here and
            counted by `undecodable_of`.
        n_classes: C.

    Returns:
        int64 [C, C]: videos of each class (row) by prediction (column).

    Raises:
        ValueError: The lengths differ, or a class is out of range.
    """
    truth, predicted = _checked(labels, predictions, n_classes)
    decoded = predicted != NO_PREDICTION
    cells = truth[decoded] * n_classes + predicted[decoded]
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int64)


def undecodable_of(labels: ArrayLike, predictions: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Counts the videos of each class that could not be decoded.

    Args:
        labels: int [N], true classes, 0-based.
        predictions: int [N], predicted classes; -1 for a video that could not be decoded.
        n_classes: C.

    Returns:
        int64 [C].

    Raises:
        ValueError: The lengths differ, or a class is out of range.
    """
    truth, predicted = _checked(labels, predictions, n_classes)
    return np.bincount(truth[predicted == NO_PREDICTION], minlength=n_classes).astype(np.int64)


def class_rows(
    counts: NDArray[np.int64], names: Sequence[str], *, undecodable: NDArray[np.int64] | None = None
) -> list[ClassRow]:
    """A row for each class, worst first.

    Args:
        counts: int64 [C, C], videos of each class (row) by prediction (column).
        names: C class names.
        undecodable: int64 [C], videos of each class that could not be decoded; they count as wrong. None for none.

    Returns:
        C rows by ascending top-1; with equal top-1 the class with more videos comes first, then by name. Classes
        without videos come last.

    Raises:
        ValueError: The shapes do not fit.
    """
    check_counts(counts, names)
    missing = np.zeros(len(names), dtype=np.int64) if undecodable is None else np.asarray(undecodable)
    if missing.shape != (len(names),):
        raise ValueError(f"undecodable must have {len(names)} counts, one for each class; got {list(missing.shape)}")
    n_videos = counts.sum(axis=1) + missing
    mistakes = _off_diagonal(counts)
    rows = []
    for index, name in enumerate(names):
        other = int(mistakes[index].argmax())
        n, n_confused = int(n_videos[index]), int(mistakes[index, other])
        top1 = float(counts[index, index] / n) if n else None
        confused_with = names[other] if n_confused else None
        rows.append(ClassRow(name, n, top1, confused_with, n_confused, int(missing[index])))
    return sorted(rows, key=lambda row: (row.top1 is None, row.top1 or 0.0, -row.n, row.name))


def confusion_clusters(
    counts: NDArray[np.int64], *, least_share: float = 0.1, least_mistakes: int = 2
) -> list[ConfusionCluster]:
    """Finds groups of classes that are taken for each other, by merging from single classes upwards.

    At each step the two groups A and B with the largest share of mistakes between them are merged:

        share(A, B) = (videos of A taken for B + videos of B taken for A) / (videos of A and B)

    until no share reaches `least_share`. Of equal shares the one with more mistakes is merged, then the first in class
    order. The share of two classes is that of their videos taken for the other one.

    Args:
        counts: int64 [C, C], videos of each class (row) by prediction (column).
        least_share: The smallest share that merges two groups, above 0, at most 1.
        least_mistakes: The smallest number of mistakes between two groups that merges them.

    Returns:
        Groups of at least two classes, the one with the most mistakes within first; a class is in one group at most.

    Raises:
        ValueError: The counts are not square, or an option is out of range.
    """
    check_counts(counts)
    if not 0 < least_share <= 1:
        raise ValueError(f"least_share must be above 0 and at most 1; got {least_share}")
    if least_mistakes < 1:
        raise ValueError(f"least_mistakes must be at least 1; got {least_mistakes}")
    members, alive = _merged(counts, least_share, least_mistakes)
    clusters = [_cluster(counts, members[index]) for index in np.flatnonzero(alive) if len(members[index]) > 1]
    return sorted(clusters, key=lambda cluster: (-cluster.n_within, cluster.classes))


def _merged(
    counts: NDArray[np.int64], least_share: float, least_mistakes: int
) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """The groups after all merges, each under the number of its first class, and which numbers are still groups."""
    mistakes = _off_diagonal(counts)
    between = np.triu(mistakes + mistakes.T, k=1)  # [C, C], of each pair once
    n_videos = counts.sum(axis=1)
    members = [[index] for index in range(len(counts))]
    alive = np.ones(len(counts), dtype=bool)
    while True:
        shares = between / np.maximum(n_videos[:, None] + n_videos[None], 1)
        shares[between < least_mistakes] = 0.0
        best = shares.max(initial=0.0)
        if best < least_share:
            return members, alive
        tied = np.argwhere(shares == best)
        first, second = tied[between[tied[:, 0], tied[:, 1]].argmax()].tolist()
        members[first] += members[second]
        alive[second] = False
        whole = between + between.T
        whole[first] += whole[second]
        whole[:, first] += whole[:, second]
        whole[[second]] = whole[:, [second]] = whole[first, first] = 0
        between = np.triu(whole, k=1)
        n_videos[first] += n_videos[second]


def _cluster(counts: NDArray[np.int64], members: list[int]) -> ConfusionCluster:
    rows = sorted(members)
    of_group = counts[rows]
    n_correct, n_within = int(counts[rows, rows].sum()), int(of_group[:, rows].sum())
    n = int(of_group.sum())
    return ConfusionCluster(tuple(rows), n, n - n_correct, n_within - n_correct)


def _off_diagonal(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    return mistakes


def check_counts(counts: NDArray[np.int64], names: Sequence[str] | None = None) -> None:
    """Checks the shape of a confusion matrix.

    Args:
        counts: Should be int64 [C, C].
        names: C class names; None where there are none.

    Raises:
        ValueError: The matrix is not square, is empty, or does not fit the names.
    """
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not len(counts):
        raise ValueError(f"counts must be [C, C] with at least one class; got {list(counts.shape)}")
    if names is not None and len(names) != len(counts):
        raise ValueError(f"counts are of {len(counts)} classes, but there are {len(names)} names; give one for each")


def _checked(labels: ArrayLike, predictions: ArrayLike, n_classes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    truth, predicted = np.asarray(labels, dtype=np.int64), np.asarray(predictions, dtype=np.int64)
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise ValueError(
            f"labels and predictions must have the same length; got {list(truth.shape)} and {list(predicted.shape)}"
        )
    for what, values, least in (("label", truth, 0), ("prediction", predicted, NO_PREDICTION)):
        wrong = values[(values < least) | (values >= n_classes)]
        if len(wrong):
            raise ValueError(f"a {what} must be from {least} to {n_classes - 1}; got {wrong[0]}")
    return truth, predicted
