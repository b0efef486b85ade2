"""A plain restatement of TDA and of DMN's zero-shot part: lists, loops and one video at a time, in float64.

Written from the page on training-free caches, with nothing of the package.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Cache = tuple[int, float, float]  # capacity, alpha, beta


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max())
    return np.asarray(e / e.sum())


def entropy(p: Array) -> float:
    return float(-sum(x * math.log(x) for x in p if x > 0))


def unit(x: Array) -> Array:
    return np.asarray(x / math.sqrt(float(x @ x)))


def keep_better(items: list[Any], item: Any, most: int) -> None:
    """Not full: append; full and better than the worst: replace it."""
    if len(items) < most:
        items.append(item)
    elif most:
        worst = max(range(most), key=lambda i: items[i][0])
        if item[0] < items[worst][0]:
            items[worst] = item


def tda_views(views: Array, classes: Array, scale: float, share: float) -> tuple[Array, Array, Array, float]:
    """Kept views of one video [V, D] -> f, z, p, H."""
    logits = [scale * classes @ view for view in views]
    order = sorted(range(len(views)), key=lambda v: entropy(softmax(logits[v])))
    kept = order[: max(1, int(share * len(views)))]
    f = sum(views[v] for v in kept) / len(kept)
    z = sum(logits[v] for v in kept) / len(kept)
    p = sum(softmax(logits[v]) for v in kept) / len(kept)
    return np.asarray(f), np.asarray(z), np.asarray(p), entropy(np.asarray(p))


class TDA:
    """The two caches."""

    def __init__(self, n_classes: int, *, positive: Cache, negative: Cache) -> None:
        self.n_classes, self.positive, self.negative = n_classes, positive, negative
        self.of_positive: dict[int, list[Any]] = {}
        self.of_negative: dict[int, list[Any]] = {}

    def insert(self, f: Array, z: Array, p: Array, h: float) -> None:
        y = int(np.argmax(z))
        keep_better(self.of_positive.setdefault(y, []), (h, f), self.positive[0])
        if 0.2 < h / math.log2(self.n_classes) < 0.5:
            keep_better(self.of_negative.setdefault(y, []), (h, f, p), self.negative[0])

    def score(self, f: Array, z: Array) -> Array:
        z = z.copy()
        for y, items in self.of_positive.items():
            for _, key in items:
                z[y] += self.positive[1] * math.exp(-self.positive[2] * (1 - float(f @ key)))
        for items in self.of_negative.values():
            for _, key, p in items:
                for c in range(self.n_classes):
                    if 0.03 < p[c] < 1.0:
                        z[c] -= self.negative[1] * math.exp(-self.negative[2] * (1 - float(f @ key)))
        return z


class DMN:
    """The dynamic memory: final probabilities, not divided by 1 + weight."""

    def __init__(self, classes: Array, *, scale: float, slots: int, beta: float, weight: float) -> None:
        self.classes, self.scale, self.slots, self.beta, self.weight = classes, scale, slots, beta, weight
        self.items: dict[int, list[Any]] = {}

    def insert(self, views: Array, share: float) -> None:
        """The first view is the plain one."""
        p = [softmax(self.scale * self.classes @ view) for view in views]
        order = sorted(range(len(views)), key=lambda v: -sum(x * math.log(x + 1e-6) for x in p[v]))
        q = sum(p[v] for v in order[: max(1, int(share * len(views)))])
        q = np.asarray(q) / max(1, int(share * len(views)))
        h = float(-sum(x * math.log(x + 1e-8) for x in q))
        keep_better(self.items.setdefault(int(np.argmax(q)), []), (h, views[0]), self.slots)

    def score(self, f: Array) -> Array:
        g = []
        for c, text in enumerate(self.classes):
            keys = [text, *(key for _, key in self.items.get(c, []))]
            g.append(unit(np.asarray(sum(math.exp(-self.beta * (1 - float(f @ k))) * k for k in keys))))
        memory = softmax(self.scale * np.array([float(f @ x) for x in g]))
        return np.asarray(softmax(self.scale * self.classes @ f) + self.weight * memory)
