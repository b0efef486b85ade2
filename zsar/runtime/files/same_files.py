"""Finds paths that lead to the same file, by different spellings or by symbolic or hard links.

Data sets have hundreds of thousands of videos, and looking up each file takes minutes on a network drive. Therefore
each folder is read once for its names and inode numbers; only links and paths with equal numbers are looked up one by
one (`benchmarks/bench_listing.py`).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_UNKNOWN = 0
_A_LINK = -1


def groups_of_one_file(paths: Sequence[str]) -> list[list[int]]:
    """Finds paths that lead to the same file.

    Args:
        paths: N paths, absolute or relative to the working directory. Paths of missing files are compared by
            spelling, after removing `.` and `..`.

    Returns:
        For each file with several paths, their indices, ascending; ordered by the first index.
    """
    numbers = _inode_numbers(paths)
    values, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    candidates = np.flatnonzero((counts[places] > 1) | (values[places] == _UNKNOWN))
    rows_of: dict[Hashable, list[int]] = defaultdict(list)
    folders: dict[str, str] = {}
    for row in candidates.tolist():
        rows_of[_identity(paths[row], folders)].append(row)
    return sorted(rows for rows in rows_of.values() if len(rows) > 1)


def each_file_once(paths: Sequence[str]) -> list[int]:
    """The indices of the first path of each file, ascending."""
    further = {row for rows in groups_of_one_file(paths) for row in rows[1:]}
    return [row for row in range(len(paths)) if row not in further]


def refuse_one_file_twice(files: Mapping[str, Path]) -> None:
    """Checks that no two videos are the same file, through a link or otherwise: its instances would count twice.

    Args:
        files: Name of each video -> its file.

    Raises:
        ValueError: Two videos are the same file; the message has both names and files.
    """
    names, paths = list(files), [str(path) for path in files.values()]
    for group in groups_of_one_file(paths):
        both = " and ".join(f"{names[row]!r} ({paths[row]})" for row in group[:2])
        raise ValueError(f"the videos {both} are one file, which would count twice; leave one of them out")


def _inode_numbers(paths: Sequence[str]) -> NDArray[np.uint64]:
    """uint64 [N]: equal for paths of the same file, perhaps also for others; 0 for missing files."""
    rows_in: dict[str, list[int]] = defaultdict(list)
    for row, path in enumerate(paths):
        rows_in[os.path.dirname(path)].append(row)
    numbers = np.zeros(len(paths), dtype=np.uint64)
    for folder, rows in rows_in.items():
        listed = _numbers_in(folder) if len(rows) > 1 else {}
        for row in rows:
            number = listed.get(os.path.basename(paths[row]), _A_LINK)
            numbers[row] = _number(paths[row]) if number == _A_LINK else number
    return numbers


def _numbers_in(folder: str) -> dict[str, int]:
    """Name -> inode number of the files in a folder; links have a marker instead."""
    try:
        with os.scandir(folder or ".") as entries:
            listed = {entry.name: _A_LINK if entry.is_symlink() else entry.inode() for entry in entries}
    except (OSError, ValueError):
        return {}
    first = next((name for name, number in listed.items() if number != _A_LINK), None)
    if first is not None and _number(os.path.join(folder, first)) != listed[first]:
        return {}  # on some layered file systems, numbers in the listing differ from those of the files
    return listed


def _number(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except (OSError, ValueError):  # it is missing, or its name contains a NUL
        return _UNKNOWN


def _identity(path: str, folders: dict[str, str]) -> Hashable:
    """A key that two paths share if and only if they lead to the same file."""
    try:
        status = os.stat(path)
        if status.st_ino != _UNKNOWN:
            return status.st_dev, status.st_ino
    except (OSError, ValueError):
        pass
    folder, name = os.path.split(path)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.normpath(os.path.join(folders[folder], name))
