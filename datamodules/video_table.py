"""The list of videos of a set, held in numpy arrays.

Arrays, because data sets have hundreds of thousands of videos: a list of Python objects is copied page by page into
every data loader worker as reference counts change, an array is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import VideoRecord


class VideoTable:
    """N videos: paths relative to a root, and labels."""

    def __init__(self, root: Path, keys: Sequence[str] | NDArray[np.bytes_], labels: Sequence[int]) -> None:
        """Makes a table.

        Args:
            root: The folder that keys are relative to; an absolute key stands for itself.
            keys: N paths with forward slashes, which also name the videos in splits and tables.
            labels: N class indices, 0-based; -1 for unknown.

        Raises:
            ValueError: Keys and labels differ in number.
        """
        if len(keys) != len(labels):
            raise ValueError(f"{len(keys)} videos but {len(labels)} labels")
        self.root = root
        self._keys: NDArray[np.bytes_] = (
            keys if isinstance(keys, np.ndarray) else np.array([k.encode() for k in keys], dtype=np.bytes_)
        )
        self.labels: NDArray[np.int64] = np.asarray(labels, dtype=np.int64)

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    def key(self, index: int) -> str:
        """Path of a video relative to the root, with forward slashes."""
        return bytes(self._keys[index]).decode()

    def all_keys(self) -> list[str]:
        """All N keys."""
        return [key.decode() for key in self._keys.tolist()]

    def __getitem__(self, index: int) -> VideoRecord:
        """One video."""
        return VideoRecord(path=self.root / self.key(index), label=int(self.labels[index]))

    def select(self, indices: NDArray[np.int64]) -> VideoTable:
        """The videos at indices, in that order."""
        return VideoTable(self.root, self._keys[indices], self.labels[indices].tolist())

    def of_classes(self, names: Sequence[str], chosen: Sequence[str]) -> VideoTable:
        """The videos of some classes, renumbered.

        Args:
            names: The class names that the labels index.
            chosen: The classes to keep; their order gives the new labels.

        Returns:
            A table with labels 0 ... len(chosen) - 1.
        """
        new_label = np.full(len(names), -1, dtype=np.int64)
        for label, name in enumerate(chosen):
            new_label[list(names).index(name)] = label
        kept = np.flatnonzero(new_label[self.labels] >= 0)
        return VideoTable(self.root, self._keys[kept], new_label[self.labels[kept]].tolist())
