"""The list of videos of a set, held in numpy arrays.

Arrays, because data sets have hundreds of thousands of videos: a list of Python objects is copied page by page into
every data loader worker as reference counts change, an array is not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import VideoRecord


class VideoTable:
    """N videos, or stretches of videos: names, paths relative to a root, and labels."""

    def __init__(
        self,
        root: Path,
        paths: Sequence[str] | NDArray[np.bytes_],
        labels: Sequence[int] | NDArray[np.int64],
        *,
        keys: Sequence[str] | NDArray[np.bytes_] | None = None,
        segments_seconds: NDArray[np.float64] | None = None,
        found: NDArray[np.bool_] | None = None,
    ) -> None:
        """Makes a table.

        Args:
            root: The folder that paths are relative to; an absolute path stands for itself.
            paths: N paths with forward slashes.
            labels: N class indices, 0-based; -1 for unknown.
            keys: N names by which splits and tables call the videos, the same wherever and however they are stored;
                null where the paths serve.
            segments_seconds: float64 [N, 2], start and end of the stretch of each file that is meant; null for whole
                files.
            found: bool [N], false for a video that is listed but does not lie under the root; null where nobody looked.

        Raises:
            ValueError: The columns differ in length.
        """
        self.root = root
        self._paths = _encoded(paths)
        self._keys = self._paths if keys is None else _encoded(keys)
        self.labels: NDArray[np.int64] = np.asarray(labels, dtype=np.int64)
        self.segments_seconds = segments_seconds
        self.found = found
        columns = (self._paths, self._keys, self.labels, segments_seconds, found)
        lengths = [len(column) for column in columns if column is not None]
        if len(set(lengths)) != 1:
            raise ValueError(f"{len(self._paths)} videos but columns of {', '.join(map(str, sorted(set(lengths))))}")

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    def key(self, index: int) -> str:
        """The name of a video in splits and tables."""
        return bytes(self._keys[index]).decode()

    def path(self, index: int) -> str:
        """The path of a video relative to the root, with forward slashes."""
        return bytes(self._paths[index]).decode()

    def all_keys(self) -> list[str]:
        """All N keys."""
        return [key.decode() for key in self._keys.tolist()]

    def __getitem__(self, index: int) -> VideoRecord:
        """One video."""
        segment = None if self.segments_seconds is None else self.segments_seconds[index]
        return VideoRecord(
            path=self.root / self.path(index),
            label=int(self.labels[index]),
            segment_seconds=None if segment is None else (float(segment[0]), float(segment[1])),
        )

    def select(self, indices: NDArray[np.int64]) -> VideoTable:
        """The videos at indices, in that order."""
        return self._with_labels(self.labels[indices], indices)

    def without(self, keys: Collection[str]) -> VideoTable:
        """The videos whose key is none of some."""
        left_out = np.isin(self._keys, _encoded(list(keys))) if keys else np.zeros(len(self), dtype=bool)
        return self.select(np.flatnonzero(~left_out))

    def unlabelled(self) -> VideoTable:
        """The same videos as if their classes were unknown."""
        return self._with_labels(np.full(len(self), -1, dtype=np.int64), np.arange(len(self)))

    def of_classes(self, names: Sequence[str], chosen: Sequence[str]) -> VideoTable:
        """The videos of some classes, renumbered.

        Args:
            names: The class names that the labels index.
            chosen: The classes to keep; their order gives the new labels.

        Returns:
            A table with labels 0 ... len(chosen) - 1.
        """
        label_of = {name: label for label, name in enumerate(names)}
        new_label = np.full(len(names), -1, dtype=np.int64)
        for label, name in enumerate(chosen):
            new_label[label_of[name]] = label
        kept = np.flatnonzero(new_label[self.labels] >= 0)
        return self._with_labels(new_label[self.labels[kept]], kept)

    def _with_labels(self, labels: NDArray[np.int64], indices: NDArray[np.int64]) -> VideoTable:
        return VideoTable(
            self.root,
            self._paths[indices],
            labels,
            keys=self._keys[indices],
            segments_seconds=None if self.segments_seconds is None else self.segments_seconds[indices],
            found=None if self.found is None else self.found[indices],
        )


def _encoded(texts: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    if isinstance(texts, np.ndarray):
        return texts
    return np.array([text.encode() for text in texts], dtype=np.bytes_)
