"""The list of videos of a set, held in numpy arrays.

Arrays, because data sets have hundreds of thousands of videos: a list of Python objects is copied page by page into
every data loader worker as reference counts change, an array is not.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.batch import VideoRecord


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
        list_file: Path | None = None,
        lines: NDArray[np.int64] | None = None,
    ) -> None:
        """Keeps the columns as arrays, so that worker processes share them.

        Args:
            root: The folder that paths are relative to; an absolute path stands for itself.
            paths: N paths with forward slashes.
            labels: N class indices, 0-based; -1 for unknown.
            keys: N names by which splits and tables call the videos, the same wherever and however they are stored;
                null where the paths serve.
            segments_seconds: float64 [N, 2], start and end of the stretch of each file that is meant; null for whole
                files.
            found: bool [N], false for a video that is listed but does not lie under the root; null where nobody looked.
            list_file: The file that lists the videos, which messages name; null where there is none.
            lines: int64 [N], the line of each video in that file, 1-based; null where there is no such file.

        Raises:
            ValueError: The columns differ in length, or a name has a character that no file name can have.
        """
        self.root = root
        self._paths = _encoded(paths)
        self._keys = self._paths if keys is None else _encoded(keys)
        self.labels: NDArray[np.int64] = np.asarray(labels, dtype=np.int64)
        self.segments_seconds = segments_seconds
        self.found = found
        self.list_file = list_file
        self.lines = lines
        columns = (self._paths, self._keys, self.labels, segments_seconds, found, lines)
        lengths = [len(column) for column in columns if column is not None]
        if len(set(lengths)) != 1:
            raise ValueError(f"{len(self._paths)} videos but columns of {', '.join(map(str, sorted(set(lengths))))}")

    def __len__(self) -> int:
        """N."""
        return len(self.labels)

    def key(self, index: int) -> str:
        """The name of a video in splits and tables."""
        return _decoded(bytes(self._keys[index]))

    def path(self, index: int) -> str:
        """The path of a video relative to the root, with forward slashes."""
        return _decoded(bytes(self._paths[index]))

    def all_keys(self) -> list[str]:
        """All N keys."""
        return [_decoded(key) for key in self._keys.tolist()]

    def all_files(self) -> list[str]:
        """The N files: their paths, with the root where they are relative to it."""
        root = os.fspath(self.root)
        return [os.path.join(root, _decoded(path)) for path in self._paths.tolist()]

    def place(self, index: int) -> str:
        """A video as messages name it: by its key, after the file and the line that list it where these are known."""
        key = self.key(index)
        return key if self.lines is None else f"{self.list_file}:{self.line(index)}: {key}"

    def line(self, index: int) -> int:
        """The line of a video in the file that lists it, 1-based; 0 where it is not known."""
        return 0 if self.lines is None else int(self.lines[index])

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
        """The videos whose key is none of some, in whatever spelling: `./a.mp4` is `a.mp4`."""
        if not keys:
            return self.select(np.arange(len(self)))
        left_out = np.isin(self._keys, _encoded(sorted(set(keys))))
        plain = {posixpath.normpath(key) for key in keys}
        spelled = [i for i, key in enumerate(self._keys.tolist()) if b"/." in key or b"//" in key or key[:2] == b"./"]
        left_out |= np.isin(self._keys, _encoded(sorted(plain)))
        left_out[[i for i in spelled if posixpath.normpath(self.key(i)) in plain]] = True
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
            list_file=self.list_file,
            lines=None if self.lines is None else self.lines[indices],
        )


# Names of files may hold any byte but NUL: those that are not UTF-8 are lone surrogates in a str, and bytes again here.
_BYTES_OF_NAMES = "surrogateescape"


def _encoded(texts: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    if isinstance(texts, np.ndarray):
        return texts
    for text in texts:
        if "\0" in text:  # which numpy would drop at the end of a name
            raise ValueError(f"{text!r} has a NUL character, which no file name can have; take it out of the list")
    try:
        return np.array([text.encode("utf-8", _BYTES_OF_NAMES) for text in texts], dtype=np.bytes_)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{error.object!r} has the character {error.object[error.start]!r}, which no file name can have; take it "
            "out of the list"
        ) from error


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", _BYTES_OF_NAMES)
