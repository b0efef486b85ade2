"""How well classes are apart: cosines within and between them, silhouette, and nearest neighbours. numpy only.

All numbers are of L2-normalized embeddings x_i and exact, without an N x N matrix. With s_c the sum of the n_c
embeddings of class c, the sum of the cosines of all pairs within it is (|s_c|^2 - n_c) / 2, and the mean cosine of x_i
and class c is x_i . s_c / n_c. The silhouette (Rousseeuw, 1987) of x_i is (b - a) / max(a, b), with a its mean cosine
distance 1 - x_i . x_j to the others of its class, and b the smallest mean distance to another class; 0 if it is alone
in its class. Nearest neighbours are found in blocks of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1024  # rows: 1024 x 20,000 cosines are 80 MB


@dataclass(frozen=True)
class ClassSeparation:
    """One class.

    Attributes:
        name: Its name.
        n: Number of its videos.
        within: Mean cosine of its pairs; None with fewer than two videos.
        nearest_class: The class whose mean embedding is most similar to its own; None if there is no other.
        nearest_cosine: The cosine of both means.
        silhouette: Mean over its videos; None without another class.
        neighbour_accuracy: Percentage of its videos whose nearest other video is of the class; None if it has fewer
            than two.
        neighbour_class: The most frequent class of the nearest videos that are of another one; None if there are none.
    """

    name: str
    n: int
    within: float | None
    nearest_class: str | None
    nearest_cosine: float | None
    silhouette: float | None
    neighbour_accuracy: float | None
    neighbour_class: str | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON and CSV."""
        return asdict(self)


@dataclass(frozen=True)
class Separation:
    """All classes.

    Attributes:
        n: Number of videos.
        n_classes: Number of classes with videos.
        within: Mean cosine of all pairs of one class; None if there are none.
        between: Mean cosine of all pairs of two classes; None if there are none.
        ratio: Mean cosine distance between classes, 1 - between, in multiples of that within them; above 1 if classes
            are apart. None if it is not defined.
        silhouette: Mean over all videos, from -1 to 1; None with one class.
        neighbour_accuracy: Percentage of videos whose nearest other video is of their class (leave one out), over the
            videos of classes with at least two; None if there are none.
        classes: The classes with videos, in label order.
    """

    n: int
    n_classes: int
    within: float | None
    between: float | None
    ratio: float | None
    silhouette: float | None
    neighbour_accuracy: float | None
    classes: tuple[ClassSeparation, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON; `classes` is a list of dicts."""
        return asdict(self)


def separation(embeddings: NDArray[np.floating[Any]], labels: NDArray[np.int64], names: Sequence[str]) -> Separation:
    """Measures how well classes are apart.

    Args:
        embeddings: L2-normalized, [N, D].
        labels: int64 [N], 0-based.
        names: The C class names.

    Returns:
        The numbers. Classes without videos are left out.
    """
    x = np.asarray(embeddings, dtype=np.float32)
    present, own = np.unique(labels, return_inverse=True)
    counts = np.bincount(own, minlength=len(present))
    sums = np.zeros((len(present), x.shape[1]))
    np.add.at(sums, own, x)
    pairs, pair_sums = counts * (counts - 1) / 2, ((sums**2).sum(axis=1) - counts) / 2
    all_pairs, total = len(x) * (len(x) - 1) / 2, ((sums.sum(axis=0) ** 2).sum() - len(x)) / 2
    within = _ratio(pair_sums.sum(), pairs.sum())
    between = _ratio(total - pair_sums.sum(), all_pairs - pairs.sum())
    neighbours = nearest_neighbours(x)
    hits = own[neighbours] == own if len(x) > 1 else np.zeros(len(x), dtype=bool)
    silhouettes = _silhouettes(x, own, sums, counts)
    means = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    of_means = means @ means.T
    np.fill_diagonal(of_means, -np.inf)
    classes = []
    for c, label in enumerate(present):
        members = own == c
        nearest = int(of_means[c].argmax()) if len(present) > 1 else None
        missed = own[neighbours[members & ~hits]] if len(x) > 1 else np.empty(0, dtype=np.int64)
        classes.append(
            ClassSeparation(
                name=names[label],
                n=int(counts[c]),
                within=_ratio(pair_sums[c], pairs[c]),
                nearest_class=None if nearest is None else names[present[nearest]],
                nearest_cosine=None if nearest is None else _rounded(of_means[c, nearest]),
                silhouette=None if silhouettes is None else _rounded(silhouettes[members].mean()),
                neighbour_accuracy=_ratio(100 * hits[members].sum(), counts[c]) if counts[c] > 1 else None,
                neighbour_class=names[present[np.bincount(missed).argmax()]] if len(missed) else None,
            )
        )
    has_another = counts[own] > 1
    apart = within is not None and between is not None and within < 1 - 1e-6
    return Separation(
        n=len(x),
        n_classes=len(present),
        within=within,
        between=between,
        ratio=_rounded((1 - between) / (1 - within)) if apart else None,  # type: ignore[operator]
        silhouette=None if silhouettes is None else _rounded(silhouettes.mean()),
        neighbour_accuracy=_ratio(100 * hits[has_another].sum(), has_another.sum()),
        classes=tuple(classes),
    )


def nearest_neighbours(embeddings: NDArray[np.float32]) -> NDArray[np.int64]:
    """The most similar other embedding of each; of equal ones, the first.

    Args:
        embeddings: L2-normalized, [N, D].

    Returns:
        int64 [N]; 0 if there is only one.
    """
    nearest = np.empty(len(embeddings), dtype=np.int64)
    for start in range(0, len(embeddings), _BLOCK):
        cosines = embeddings[start : start + _BLOCK] @ embeddings.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        nearest[start : start + _BLOCK] = cosines.argmax(axis=1)
    return nearest


def _silhouettes(
    x: NDArray[np.float32], own: NDArray[np.int64], sums: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Silhouette of each embedding, [N]; None with fewer than two classes."""
    if len(counts) < 2:
        return None
    found = np.empty(len(x))
    for start in range(0, len(x), _BLOCK):
        block, mine = x[start : start + _BLOCK].astype(np.float64), own[start : start + _BLOCK]
        rows, n_own = np.arange(len(block)), counts[mine]
        to_sums = block @ sums.T
        distances = 1 - to_sums / counts
        itself = (block**2).sum(axis=1)
        a = 1 - (to_sums[rows, mine] - itself) / np.maximum(n_own - 1, 1)
        distances[rows, mine] = np.inf
        b = distances.min(axis=1)
        larger = np.maximum(a, b)
        defined = (n_own > 1) & (larger > 0)
        found[start : start + _BLOCK] = np.where(defined, (b - a) / np.where(larger > 0, larger, 1), 0.0)
    return found


def _ratio(sum_: float, n: float) -> float | None:
    return _rounded(sum_ / n) if n > 0 else None


def _rounded(value: float) -> float:
    return round(float(value), 6)
