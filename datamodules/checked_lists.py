"""What may be wrong with the list of a set: videos that are missing, or listed twice; and which are left out of it."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datamodules.text_tables import read_table
from datamodules.video_index import video_name
from datamodules.video_table import VideoTable

_SHOWN = 5


@dataclass(frozen=True)
class Contradiction:
    """A video whose list says one class and whose file name says another.

    Attributes:
        index: Row of the video in the list.
        video: The video as listed.
        in_list: The clean name of the class that the list and its label file give.
        in_file_name: The clean name of the class that the file name gives.
    """

    index: int
    video: str
    in_list: str
    in_file_name: str


def find_contradictions(
    videos: Sequence[str], classes: Sequence[str], class_in_file_name: Callable[[str], str | None]
) -> list[Contradiction]:
    """Compares the classes of a list with those that the file names hold.

    Args:
        videos: N videos as listed.
        classes: Their N clean class names by the list.
        class_in_file_name: File name without suffix -> clean class name, or null where it holds none.
    """
    told = [class_in_file_name(video_name(video)) for video in videos]
    return [
        Contradiction(index, video, in_list, name)
        for index, (video, in_list, name) in enumerate(zip(videos, classes, told, strict=True))
        if name is not None and name != in_list
    ]


def read_excluded(path: Path) -> frozenset[str]:
    """Videos that are left out on the record.

    Args:
        path: CSV file with a column `video` of keys, as `zsar doctor` writes it.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: The column is missing, or the file is no such table.
    """
    rows = read_table(
        path,
        "list of videos to exclude",
        columns=("video",),
        by_zsar=True,
        if_missing="`zsar doctor` writes one, with a column `video`",
    )
    return frozenset(row["video"] for row in rows)


def refuse_repeated(table: VideoTable, set_name: str) -> None:
    """Checks that no video is listed twice: it would be trained on, or counted, twice.

    Raises:
        ValueError: One is; the message names some.
    """
    repeated = repeated_keys(table)
    if repeated:
        raise ValueError(
            f"{len(repeated)} videos of the set {set_name!r} are listed twice: {_some(repeated)}; take them out of the "
            "list"
        )


def repeated_keys(table: VideoTable) -> list[str]:
    """Keys that occur more than once, sorted."""
    return sorted(key for key, n in Counter(table.all_keys()).items() if n > 1)


def refuse_missing(table: VideoTable, set_name: str, *, only_warn: bool) -> None:
    """Checks that the listed videos are there, as far as somebody looked.

    Args:
        table: The videos.
        set_name: Name of the set.
        only_warn: Warn instead, where missing videos count as wrong, or are none of a test.

    Raises:
        FileNotFoundError: Some are missing; the message counts them, names some and says what to do.
    """
    missing = missing_keys(table)
    if not missing:
        return
    problem = (
        f"{len(missing):,} of {len(table):,} listed videos of the set {set_name!r} are not under {table.root}: "
        f"{_some(missing)}"
    )
    if only_warn:
        warnings.warn(f"{problem}; they are counted as not decoded", stacklevel=2)
        return
    raise FileNotFoundError(
        f"{problem}. Get them, or leave them out on the record: `zsar doctor` lists them in a CSV file for "
        "--data.split.exclude"
    )


def missing_keys(table: VideoTable) -> list[str]:
    """Keys of videos that nobody found, in list order."""
    if table.found is None:
        return []
    return [table.key(i) for i in np.flatnonzero(~table.found).tolist()]


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_SHOWN]) + (", ..." if len(keys) > _SHOWN else "")
