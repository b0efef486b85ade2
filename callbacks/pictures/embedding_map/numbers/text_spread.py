"""TextSpread: class embeddings before and after tuning, over all videos, as sums (DTS-TPT, Figure 5). numpy only.

The paper gives the standard deviation of the features of all classes before and after tuning, without its formula. Here
e_c is the L2-normalized mean of the prompts' embeddings of class c, and the deviation of C classes is

    std = sqrt(mean_c |e_c - mean_c e_c|^2)

after tuning for each video, then averaged over the videos. The spread of a class is that of its tuned embeddings over
the videos, sqrt(1 - |mean_v e_vc|^2), which is 0 if every video tunes it in the same way; its shift is the mean cosine
distance from its untuned embedding. Sums over videos suffice: memory does not grow with the number of videos.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import unit_length


def class_points(class_text: NDArray[np.floating]) -> NDArray[np.float64]:
    """One embedding for each class: [..., C, P, D] -> L2-normalized [..., C, D]."""
    return unit_length(np.asarray(class_text, dtype=np.float64).mean(axis=-2))


def deviation(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The standard deviation of C classes, [..., C, D] -> [...]."""
    centred = points - points.mean(axis=-2, keepdims=True)
    return np.sqrt((centred**2).sum(axis=-1).mean(axis=-1))


class TextSpread:
    """The sums of one set of texts.

    Attributes:
        untuned: float64 [C, D].
        n: Number of videos so far.
    """

    def __init__(self, untuned: NDArray[np.float64]) -> None:
        """Starts without videos.

        Args:
            untuned: The classes before tuning, from `class_points`, [C, D].
        """
        self.untuned = untuned
        self.n = 0
        self._sums = np.zeros_like(untuned)
        self._shifts = np.zeros(len(untuned))
        self._deviations = 0.0

    def add(self, tuned: NDArray[np.float64]) -> None:
        """Adds videos.

        Args:
            tuned: The classes as tuned for each video, from `class_points`, [B, C, D].
        """
        self.n += len(tuned)
        self._sums += tuned.sum(axis=0)
        self._shifts += (1 - (tuned * self.untuned).sum(axis=-1)).sum(axis=0)
        self._deviations += float(deviation(tuned).sum())

    def merge(self, other: TextSpread) -> None:
        """Adds the videos of another process."""
        self.n += other.n
        self._sums += other._sums
        self._shifts += other._shifts
        self._deviations += other._deviations

    @property
    def means(self) -> NDArray[np.float64]:
        """The mean of each class over the videos, [C, D], not normalized."""
        return self._sums / max(self.n, 1)

    def numbers(self, names: Sequence[str]) -> dict[str, Any]:
        """For JSON: `std_before`, `std_after`, and `spread` and `shift` of each class, the largest shift first.

        Args:
            names: The C class names.
        """
        n = max(self.n, 1)
        spreads = np.sqrt(np.clip(1 - (self.means**2).sum(axis=-1), 0, None)) if self.n else np.zeros(len(names))
        classes = [
            {"name": name, "shift": round(float(shift) / n, 8), "spread": round(float(spread), 8)}
            for name, shift, spread in zip(names, self._shifts, spreads, strict=True)
        ]
        return {
            "n_videos": self.n,
            "std_before": round(float(deviation(self.untuned)), 8),
            "std_after": round(self._deviations / n, 8),
            "classes": sorted(classes, key=lambda row: -float(row["shift"])),
        }
