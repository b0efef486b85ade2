"""The pseudo-labels of a video: the classes nearest to its mean frame (T3AL, 4.2, Eq. 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class PseudoLabels:
    """The number of pseudo-labels of a video; the paper uses one.

    Attributes:
        most: Maximum pseudo-labels of a video. With several, a segment keeps the one that produced it, and is dropped
            if another one is nearer.
        margin: Largest cosine difference from the best to a further pseudo-label.
    """

    most: int = 1
    margin: float | None = None

    def __post_init__(self) -> None:
        """Checks ranges, and that no margin is set without effect."""
        if self.most < 1:
            raise ValueError(f"pseudo_labels.most must be at least 1; got {self.most}")
        if (self.margin is None) != (self.most == 1) or (self.margin is not None and not 0 <= self.margin <= 2):
            raise ValueError(
                "pseudo_labels.margin, from 0 to 2, goes with several pseudo-labels and is null for one; got "
                f"{self.margin} with most={self.most}"
            )

    def nearest(self, cosines: Tensor) -> list[int]:
        """The classes within the margin of the nearest.

        Args:
            cosines: Of the video's mean frame and each class, [C].

        Returns:
            Indices of at least one and at most `most` classes, the nearest first.
        """
        ranked = cosines.argsort(descending=True, stable=True)[: self.most]
        margin = self.margin or 0.0
        return [int(c) for c in ranked if cosines[c] >= cosines[ranked[0]] - margin]


def distinct_jobs(
    labels: Sequence[Mapping[int, Sequence[int]]], table: Callable[[int], int | None]
) -> list[tuple[int, int, int | None]]:
    """What is to be done for videos, each job once: sets of classes share the work on a pseudo-label of a video.

    Args:
        labels: For each video the pseudo-labels of its sets.
        table: The prototypes by which a set scores frames; None for none, so that all sets score alike.

    Returns:
        (index of the video, pseudo-label, table), in the order of the videos.
    """
    jobs = [(i, label, table(index)) for i, sets in enumerate(labels) for index, of in sets.items() for label in of]
    return list(dict.fromkeys(jobs))
