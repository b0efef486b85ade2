"""The list of videos of a set, stored in numpy arrays.

Data sets have hundreds of thousands of videos: as reference counts change, a list of Python objects is copied page by
page into every data loader worker; an array is not.
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
    """N videos, or segments of videos: names, paths relative to a root, and labels."""

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
        label_sets: NDArray[np.bool_] | None = None,
    ) -> None:
        """Stores the columns as arrays, so that worker processes share them.

        Args:
            root: The folder that relative paths start from.
            paths: N paths with forward slashes.
            labels: N class indices, 0-based; -1 for unknown.
            keys: N names of the videos in splits and tables, independent of where and how they are stored; None to use
                the paths.
            segments_seconds: float64 [N, 2], start and end of each segment within its file; None for whole files.
            found: bool [N], false for a listed video that is not under the root; None if not checked.
            list_file: The file that lists the videos, for messages; None if there is none.
            lines: int64 [N], 1-based line of each video in that file; None if there is none.
            label_sets: bool [N, C], which classes each video shows, where it may show several or none; `labels` are
                then all -1. None where a video has one.

        Raises:
            ValueError: The columns differ in length, or a name has a character that is not allowed in file names.
        """
        self.root = root
        self._paths = _encoded(paths)
        self._keys = self._paths if keys is None else _encoded(keys)
        self.labels: NDArray[np.int64] = np.asarray(labels, dtype=np.int64)
        self.segments_seconds = segments_seconds
        self.found = found
        self.list_file = list_file
        self.lines = lines
        self.label_sets = label_sets
        columns = (self._paths, self._keys, self.labels, segments_seconds, found, lines, label_sets)
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
        """The N files: paths joined with the root, if relative."""
        root = os.fspath(self.root)
        return [os.path.join(root, _decoded(path)) for path in self._paths.tolist()]

    def place(self, index: int) -> str:
        """A video as shown in messages: its key, with file and line of the list if known."""
        key = self.key(index)
        return key if self.lines is None else f"{self.list_file}:{self.line(index)}: {key}"

    def line(self, index: int) -> int:
        """The line of a video in the file that lists it, 1-based; 0 if unknown."""
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
        """The videos at given indices, in that order."""
        return self._with_labels(self.labels[indices], indices)

    def without(self, keys: Collection[str]) -> VideoTable:
        """The videos without those of the given keys, in any spelling: `./a.mp4` is `a.mp4`."""
        if not keys:
            return self.select(np.arange(len(self)))
        left_out = np.isin(self._keys, _encoded(sorted(set(keys))))
        plain = {posixpath.normpath(key) for key in keys}
        spelled = [i for i, key in enumerate(self._keys.tolist()) if b"/." in key or b"//" in key or key[:2] == b"./"]
        left_out |= np.isin(self._keys, _encoded(sorted(plain)))
        left_out[[i for i in spelled if posixpath.normpath(self.key(i)) in plain]] = True
        return self.select(np.flatnonzero(~left_out))

    def unlabelled(self) -> VideoTable:
        """The same videos with unknown classes."""
        table = self._with_labels(np.full(len(self), -1, dtype=np.int64), np.arange(len(self)))
        table.label_sets = None
        return table

    def named_labels(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """Key and class of each video: one pair for each of its classes; of a video that shows none, an empty name.

        Args:
            names: The class names that the labels refer to.
        """
        if self.label_sets is None:
            return [(key, names[label]) for key, label in zip(self.all_keys(), self.labels.tolist(), strict=True)]
        of_videos = [np.flatnonzero(shown).tolist() for shown in self.label_sets]
        pairs = zip(self.all_keys(), of_videos, strict=True)
        return [(key, name) for key, labels in pairs for name in ([names[label] for label in labels] or [""])]

    def of_classes(self, names: Sequence[str], chosen: Sequence[str]) -> VideoTable:
        """The videos of some classes, with new labels.

        Args:
            names: The class names that the labels refer to.
            chosen: The classes to keep; their order gives the new labels.

        Returns:
            A table with labels 0 ... len(chosen) - 1. Of videos that show several classes or none, all are kept.
        """
        label_of = {name: label for label, name in enumerate(names)}
        if self.label_sets is not None:
            table = self.select(np.arange(len(self)))
            table.label_sets = self.label_sets[:, [label_of[name] for name in chosen]]
            return table
        new_label = np.full(len(names), -1, dtype=np.int64)
        for label, name in enumerate(chosen):
            new_label[label_of[name]] = label
        rows = np.flatnonzero(new_label[self.labels] >= 0)
        return self._with_labels(new_label[self.labels[rows]], rows)

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
            label_sets=None if self.label_sets is None else self.label_sets[indices],
        )


# File names may contain any byte except NUL. Bytes that are not UTF-8 are lone surrogates in a str; encoded back here.
_BYTES_OF_NAMES = "surrogateescape"


def _encoded(texts: Sequence[str] | NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    if isinstance(texts, np.ndarray):
        return texts
    for text in texts:
        if "\0" in text:  # numpy would drop it at the end of a name
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
