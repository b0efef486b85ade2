"""Checks of the list of a set: missing videos, repeated videos, and contradictory labels; and the excluded videos."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np

from zsar.datamodules.lists.video_index import video_name
from zsar.datamodules.lists.video_table import VideoTable
from zsar.runtime.files.same_files import groups_of_one_file
from zsar.runtime.text.text_tables import read_table

_SHOWN = 5


@dataclass(frozen=True)
class Contradiction:
    """A video with one class in the list and another in its file name.

    Attributes:
        index: Row of the video in the list.
        video: The video as listed.
        in_list: Clean class name by the list and its label file.
        in_file_name: Clean class name by the file name.
    """

    index: int
    video: str
    in_list: str
    in_file_name: str


def find_contradictions(
    videos: Sequence[str], classes: Sequence[str], class_in_file_name: Callable[[str], str | None]
) -> list[Contradiction]:
    """Compares the classes of a list with those in the file names.

    Args:
        videos: N videos as listed.
        classes: Their N clean class names by the list.
        class_in_file_name: File name without suffix -> clean class name, or None if it contains no class.
    """
    in_names = [class_in_file_name(video_name(video)) for video in videos]
    return [
        Contradiction(index, video, in_list, name)
        for index, (video, in_list, name) in enumerate(zip(videos, classes, in_names, strict=True))
        if name is not None and name != in_list
    ]


def read_excluded(path: Path) -> frozenset[str]:
    """Videos to exclude.

    Args:
        path: CSV file with a column `video` of keys, as `zsar doctor` writes it.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: The column is missing, or the file is not a valid table.
    """
    rows = read_table(
        path,
        "list of videos to exclude",
        columns=("video",),
        by_zsar=True,
        if_missing="`zsar doctor` writes one, with a column `video`",
    )
    return frozenset(row["video"] for row in rows)


@dataclass(frozen=True)
class Repeat:
    """A video listed more than once: the same file, the same segment of a file, or the same key.

    Attributes:
        rows: Where it is listed: (set name, row of its table), at least two.
        places: Its distinct spellings, sorted; with file and line if known.
    """

    rows: tuple[tuple[str, int], ...]
    places: tuple[str, ...]

    @property
    def set_names(self) -> tuple[str, ...]:
        """The sets that list it, sorted."""
        return tuple(sorted({name for name, _ in self.rows}))

    def __str__(self) -> str:
        """As a message: "./a.mp4 and a.mp4 are one file"."""
        spelled = " and ".join(self.places)
        return f"{spelled} is listed twice" if len(self.places) == 1 else f"{spelled} are one file"


def refuse_repeated_in(sets: Mapping[str, VideoTable]) -> None:
    """Checks that no video is listed twice, within a set or across sets: test videos must not be trained on.

    Two paths to the same file, by another spelling or a link, are the same video.

    Args:
        sets: {set name: its videos}.

    Raises:
        ValueError: A video is repeated; the message has the number of repeats, and some of them with all spellings.
    """
    repeats = find_repeats(sets)
    if not repeats:
        return
    raise ValueError(_listed_twice(repeats, sets))


def _listed_twice(repeats: Sequence[Repeat], sets: Mapping[str, VideoTable]) -> str:
    """The message for repeats: problem, reason and remedy; if lines are known, it names a line."""
    set_names = repeats[0].set_names
    in_same_sets = [repeat for repeat in repeats if repeat.set_names == set_names]
    it = "it" if len(in_same_sets) == 1 else "them"
    rows = [(sets[name], row) for name, row in repeats[0].rows]
    lists = {table.list_file for table, _ in rows}
    if None not in lists:
        if len(lists) == 1:
            rows.sort(key=lambda row: row[0].line(row[1]))
        first, *_, last = (table.place(row) for table, row in rows)
        more = f" (and {len(repeats) - 1:,} more)" if len(repeats) > 1 else ""
        why = "it would count twice" if len(lists) == 1 else "nothing that is tested on may be trained on"
        has_others = len(lists) == 1 and len({int(table.labels[row]) for table, row in rows}) > 1
        or_all = "; if it shows several classes, give --data.split.protocol multi_label" if has_others else ""
        return f"{last} is listed twice: it is the video of {first}{more}; {why}: list each video once{or_all}"
    examples = _some(sorted(" and ".join(repeat.places) for repeat in in_same_sets))
    videos = "1 video" if len(in_same_sets) == 1 else f"{len(in_same_sets):,} videos"
    are = "is" if len(in_same_sets) == 1 else "are"
    if len(set_names) == 1:
        return f"{videos} of the set {set_names[0]!r} {are} listed twice: {examples}; take {it} out of the list"
    return (
        f"{videos} {are} in the sets {' and '.join(map(repr, set_names))}: {examples}; a video may be in one set only, "
        f"so that nothing is tested on that was trained on: take {it} out of one of the lists"
    )


def find_repeats(sets: Mapping[str, VideoTable], *, by_stretch: bool = True) -> list[Repeat]:
    """Finds videos that are listed more than once, in the order of their first rows.

    Args:
        sets: {set name: its videos}.
        by_stretch: Whether two segments of one file count as two videos.
    """
    names = list(sets)
    starts = [0, *accumulate(len(table) for table in sets.values())]

    def owner(index: int) -> tuple[str, int]:
        position = bisect_right(starts, index) - 1
        return names[position], index - starts[position]

    groups = groups_of_one_file([file for table in sets.values() for file in table.all_files()])
    if by_stretch:
        groups = [part for group in groups for part in _parted_by_stretch([(i, *owner(i)) for i in group], sets)]
    seen = {i for group in groups for i in group}
    for table, offset in zip(sets.values(), starts, strict=False):
        repeated = set(repeated_keys(table))
        rows_of: dict[str, list[int]] = {}
        for row, key in enumerate(table.all_keys() if repeated else ()):
            if key in repeated:
                rows_of.setdefault(key, []).append(offset + row)
        groups += [rows for rows in rows_of.values() if not seen.issuperset(rows)]
    return [_repeat([owner(i) for i in group], sets) for group in sorted(groups)]


def _repeat(rows: Sequence[tuple[str, int]], sets: Mapping[str, VideoTable]) -> Repeat:
    return Repeat(tuple(rows), tuple(sorted({sets[name].place(row) for name, row in rows})))


def _parted_by_stretch(group: Sequence[tuple[int, str, int]], sets: Mapping[str, VideoTable]) -> list[list[int]]:
    """Rows of one file (index, set name, row), grouped by segment; groups of one are dropped."""
    by_stretch: dict[tuple[float, ...], list[int]] = {}
    for index, name, row in group:
        segments = sets[name].segments_seconds
        stretch = () if segments is None else tuple(float(second) for second in np.nan_to_num(segments[row], nan=-1.0))
        by_stretch.setdefault(stretch, []).append(index)
    return [rows for rows in by_stretch.values() if len(rows) > 1]


def repeated_keys(table: VideoTable) -> list[str]:
    """Keys that occur more than once, sorted."""
    return sorted(key for key, n in Counter(table.all_keys()).items() if n > 1)


def refuse_missing(table: VideoTable, set_name: str, *, only_warn: bool) -> None:
    """Checks that the listed videos exist, if this is known.

    Args:
        table: The videos.
        set_name: Name of the set.
        only_warn: Warn instead of raising, if missing videos count as wrong or do not belong to a test.

    Raises:
        FileNotFoundError: Some are missing; the message has their number, some names and the remedy.
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
        f"{problem}. Get them, or exclude them: `zsar doctor` lists them in a CSV file for --data.split.exclude"
    )


def missing_keys(table: VideoTable) -> list[str]:
    """Keys of videos that were not found, in list order."""
    if table.found is None:
        return []
    return [table.key(i) for i in np.flatnonzero(~table.found).tolist()]


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:_SHOWN]) + (", ..." if len(keys) > _SHOWN else "")
